#include "models/formats/array.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace nibble {
namespace {

/// Floats of every exponent, both signs, with mantissas that sit on and beside ties, and the specials.
std::vector<float> hard_floats() {
  std::vector<float> values;
  const std::uint32_t mantissas[] = {0,        1,        0x3FFFFF, 0x400000, 0x400001, 0x7FFFFF, 0x200000, 0x1FFFFF,
                                     0x600000, 0x600001, 0x002000, 0x001FFF, 0x006000, 0x100000, 0x0FFFFF, 0x2AAAAB};
  std::uint32_t state = 12345;
  for (std::uint32_t exponent = 0; exponent < 256; ++exponent) {
    for (std::uint32_t sign : {0U, 0x80000000U}) {
      for (std::uint32_t mantissa : mantissas) values.push_back(std::bit_cast<float>(sign | exponent << 23 | mantissa));
      for (int i = 0; i < 24; ++i) {
        state = state * 1664525 + 1013904223;
        values.push_back(std::bit_cast<float>(sign | exponent << 23 | state >> 9));
      }
    }
  }
  return values;
}

class EveryArrayFormat : public testing::TestWithParam<std::string> {};

// Proves: on every instruction set the arrays get the codes of the scalar codec, under all rules.
TEST_P(EveryArrayFormat, EqualsTheScalarCodecOnEveryLevel) {
  const NumberFormat format = number_format(GetParam());
  const std::vector<float> values = hard_floats();
  const RandomSource source{7, 3, 5};
  const RandomBits random{source.seed, source.tensor};
  for (const Rounding rounding : {Rounding::nearest_even, Rounding::nearest_away, Rounding::radix4_threshold,
                                  Rounding::toward_zero, Rounding::stochastic}) {
    for (const Overflow overflow : {Overflow::saturate, Overflow::special}) {
      for (const Underflow underflow : {Underflow::round_then_flush, Underflow::nearest}) {
        const Conversion rules{rounding, overflow, underflow, NanHandling::zero};
        std::vector<std::uint32_t> expected(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
          expected[i] = encode(format, rules, double{values[i]}, random.at(source.first_index + i)).code;
        }
        for (const SimdLevel level : available_simd_levels()) {
          std::vector<std::uint32_t> codes(values.size());
          encode_array(format, rules, values, codes, source, level);
          for (std::size_t i = 0; i < values.size(); ++i) {
            ASSERT_EQ(codes[i], expected[i]) << std::hexfloat << values[i] << " " << word_of(rounding) << " on "
                                             << word_of(level);
          }
        }
      }
    }
  }
}

/// Every code of formats up to 16 bits; of wider ones, what the hard floats become.
template <class Code>
void expect_decoding(const NumberFormat& format, const std::vector<std::uint32_t>& wide) {
  if (format.bits > 8 * sizeof(Code)) return;
  std::vector<Code> codes;
  for (const std::uint32_t code : wide) codes.push_back(static_cast<Code>(code));
  std::vector<float> values(codes.size());
  for (const SimdLevel level : available_simd_levels()) {
    decode_array(format, std::span<const Code>{codes}, values, level);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const auto expected = static_cast<float>(decode(format, wide[i]));
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(values[i])) << wide[i];
      } else {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(values[i]), std::bit_cast<std::uint32_t>(expected)) << wide[i];
      }
    }
  }
}

// Proves: every code decodes in arrays as it does alone, in every code type and on every level.
TEST_P(EveryArrayFormat, DecodesAsTheScalarCodec) {
  const NumberFormat format = number_format(GetParam());
  std::vector<std::uint32_t> codes;
  if (format.bits <= 16) {
    for (std::uint32_t code = 0; code <= format.code_mask(); ++code) codes.push_back(code);
  } else {
    codes.resize(hard_floats().size());
    encode_array(format, format.conversion, hard_floats(), codes);
  }
  expect_decoding<std::uint8_t>(format, codes);
  expect_decoding<std::uint16_t>(format, codes);
  expect_decoding<std::uint32_t>(format, codes);
}

// Proves: narrow code types get the codes of the wide one.
TEST_P(EveryArrayFormat, EncodesIntoNarrowCodes) {
  const NumberFormat format = number_format(GetParam());
  const std::vector<float> values = hard_floats();
  std::vector<std::uint32_t> wide(values.size());
  encode_array(format, format.conversion, values, wide);
  if (format.bits > 16) return;
  std::vector<std::uint16_t> narrow(values.size());
  encode_array(format, format.conversion, values, narrow);
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(narrow[i], wide[i]);
  if (format.bits > 8) return;
  std::vector<std::uint8_t> bytes(values.size());
  encode_array(format, format.conversion, values, bytes);
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(bytes[i], wide[i]);
}

std::vector<std::string> array_formats() {
  std::vector<std::string> names;
  for (const NumberFormat& format : element_formats()) names.push_back(format.name);
  for (const char* text : {"fp8-143:bias=7", "fp8-152:specials=ieee,lowest=subnormal", "fixed16:il=2,fl=14",
                           "fixed16:il=16,fl=16"}) {
    names.emplace_back(text);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryArrayFormat, testing::ValuesIn(array_formats()),
                         [](const auto& param) {
                           std::string name = param.param;
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return name;
                         });

// Proves: a piece of a tensor rounds as it does inside the whole: bits depend on the index, not on the order.
TEST(RandomBits, DependOnIndexAlone) {
  const RandomBits random{42, 9};
  std::vector<std::uint32_t> all(1000);
  random.fill(0, all);
  std::vector<std::uint32_t> piece(100);
  random.fill(333, piece);
  for (std::size_t i = 0; i < piece.size(); ++i) EXPECT_EQ(piece[i], all[333 + i]);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(random.at(i), all[i]);
  EXPECT_NE(RandomBits(42, 8).at(0), random.at(0));
  EXPECT_NE(RandomBits(43, 9).at(0), random.at(0));
}

// Proves: the generator is Philox4x32-10: Random123's known answer for a zero counter and key.
TEST(RandomBits, MatchTheKnownAnswer) {
  const RandomBits random{0, 0};
  EXPECT_EQ(random.at(0), 0x6627e8d5U);
  EXPECT_EQ(random.at(1), 0xe169c58dU);
  EXPECT_EQ(random.at(2), 0xbc57ac4cU);
  EXPECT_EQ(random.at(3), 0x9b00dbd8U);
}

struct Unbiased {
  const char* format;
  float value;
};

// Proves: the mean of N stochastic roundings is the value, within 4 standard errors of a Bernoulli mean, also
// between zero and the smallest magnitude, where flushing would be a bias.
TEST(StochasticRounding, IsUnbiased) {
  constexpr std::size_t kCount = 1 << 18;
  for (const Unbiased& u : {Unbiased{"fp16", 1.0003F}, Unbiased{"fp16", -3.3e-10F}, Unbiased{"fixed16", 0.30001F},
                            Unbiased{"fp4-radix4", 9.0F}, Unbiased{"fp4-radix4", 0.004F}, Unbiased{"fp4-luq", 23.0F},
                            Unbiased{"fp4-luq", 0.1F}, Unbiased{"e2m1", 2.3F}, Unbiased{"fp8-143", 0.00031F}}) {
    const NumberFormat format = number_format(u.format);
    Conversion rules = format.conversion;
    rules.rounding = Rounding::stochastic;
    const std::vector<float> in(kCount, u.value);
    std::vector<float> out(kCount);
    round_array(format, rules, in, out, {2024, 1, 0});
    double sum = 0, low = out[0], high = out[0];
    for (const float x : out) {
      sum += x;
      low = std::min<double>(low, x);
      high = std::max<double>(high, x);
    }
    ASSERT_LT(low, high) << u.format;
    const double p = (u.value - low) / (high - low);
    const double standard_error = (high - low) * std::sqrt(p * (1 - p) / kCount);
    EXPECT_NEAR(sum / kCount, u.value, 4 * standard_error) << u.format << " " << u.value;
  }
}

}  // namespace
}  // namespace nibble
