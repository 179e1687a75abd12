#include "models/formats/number_text.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>

#include "models/base/error.hpp"

namespace nibble {
namespace {

std::uint32_t code_of(const char* format_name, const char* text) {
  const NumberFormat format = number_format(format_name);
  return encode(format, format.conversion, parse_written_number(text)).code;
}

std::string id_of(const std::string& text) {
  try {
    (void)parse_written_number(text);
  } catch (const InputError& error) {
    return error.problems().front().id;
  }
  return "";
}

// Proves: decimals and hex floats become what the C library makes of them, which also rounds once.
TEST(WrittenNumber, AgreesWithTheCLibrary) {
  for (const char* text : {"0.1", "-3.14159265358979323846264338", "1e-45", "7e-46", "7.1e-46", "3.4028236e38", "1e39",
                           "0x1.8p+1", "0x1.000001p0", "0x1.0000010000000000001p0", "-0", "+12.5", ".5", "5.", "1E3",
                           "16777217", "16777217.0000000000000000000000000001", "inf", "-inf"}) {
    EXPECT_EQ(code_of("fp32", text), std::bit_cast<std::uint32_t>(std::strtof(text, nullptr))) << text;
  }
  EXPECT_TRUE(std::isnan(decode(number_format("fp32"), code_of("fp32", "nan"))));
}

// Proves: a decimal just above a tie is above it, though its double is the tie.
TEST(WrittenNumber, IsRoundedOnce) {
  EXPECT_EQ(code_of("bf16", "1.00390625"), 0x3F80U);
  EXPECT_EQ(code_of("bf16", "1.0039062500000000000000000000001"), 0x3F81U);
}

TEST(WrittenNumber, RefusesWhatIsNone) {
  for (const char* text : {"", "-", "abc", "1.2.3", "1e", "1e+-3", "0x", "0x1p", "1 2", "0xg", "--1", "1f", "1e5x"}) {
    EXPECT_EQ(id_of(text), "NUM-SYNTAX") << text;
  }
  EXPECT_EQ(id_of("1e99999"), "NUM-RANGE");
  EXPECT_EQ(id_of("1e99999999999999999999"), "NUM-RANGE");
  EXPECT_EQ(id_of(std::string(2000, '9')), "NUM-RANGE");
}

// Proves: what is printed is the value itself: reading it back gives the same double.
TEST(ExactText, ReadsBackExactly) {
  EXPECT_EQ(exact_text(0.0999755859375), "0.0999755859375");
  EXPECT_EQ(exact_text(8573157376.0), "8573157376");
  EXPECT_EQ(exact_text(-0.0), "-0");
  for (const NumberFormat& format : element_formats()) {
    if (format.bits > 16) continue;
    for (std::uint32_t code = 0; code <= format.code_mask(); ++code) {
      const double value = decode(format, code);
      if (!std::isfinite(value)) continue;
      ASSERT_EQ(std::strtod(exact_text(value).c_str(), nullptr), value);
    }
  }
}

TEST(CodeText, HasTheDigitsOfItsFormat) {
  EXPECT_EQ(code_text(number_format("fp16"), 0x3e01), "0x3e01");
  EXPECT_EQ(code_text(number_format("int4"), 7), "0x7");
  EXPECT_EQ(code_text(number_format("fp9-153"), 1), "0x001");
  EXPECT_EQ(parse_code(number_format("fp16"), "0x7ffe"), 0x7ffeU);
  EXPECT_EQ(parse_code(number_format("fp16"), "7FFE"), 0x7ffeU);
  for (const char* text : {"", "0x", "xyz", "0x10000", "-1", "0x7ffe "}) {
    EXPECT_THROW((void)parse_code(number_format("fp16"), text), InputError) << text;
  }
}

}  // namespace
}  // namespace nibble
