#include "models/formats/codec.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/models/formats/exact_grid.hpp"

namespace nibble {
namespace {

using test::exact;
using test::exact_value;
using test::ExactGrid;
using test::Rational;

/// Formats small enough for every code, and the settings that no source settles.
std::vector<std::string> small_formats() {
  std::vector<std::string> names;
  for (const NumberFormat& format : element_formats()) {
    if (format.bits <= 16) names.push_back(format.name);
  }
  for (const char* text : {"fp8-143:bias=7", "fp8-143:bias=4", "fp8-143:specials=nan-inf", "fp8-152:specials=ieee,lowest=subnormal",
                           "fp8-152:specials=none", "fp16:underflow=nearest", "fp4-radix4:underflow=nearest",
                           "fp4-radix4:phase=odd", "fp4-radix4:phase=odd-below", "fixed16:il=2,fl=14", "fixed16:il=4,fl=4"}) {
    names.emplace_back(text);
  }
  return names;
}

class EveryFormat : public testing::TestWithParam<std::string> {};

// Proves: each of up to 2^16 codes decodes to its definition's value and, if finite, encodes to itself.
TEST_P(EveryFormat, EveryCodeDecodesAndReencodes) {
  const NumberFormat format = number_format(GetParam());
  for (std::uint32_t code = 0; code <= format.code_mask(); ++code) {
    const double value = decode(format, code);
    const auto reference = exact_value(format, code);
    if (!reference) {
      ASSERT_FALSE(std::isfinite(value)) << code;
      continue;
    }
    ASSERT_TRUE(std::isfinite(value)) << code;
    ASSERT_EQ(exact(value), *reference) << code;
    const Encoded again = encode(format, format.conversion, value, ~0U);
    const bool unpaired = format.symmetric && code == format.sign_mask();
    if (unpaired) {
      EXPECT_EQ(again.code, code + 1) << "the code without a positive twin saturates";
    } else {
      ASSERT_EQ(again.code, code);
      ASSERT_EQ(again.flags, ConversionFlags{});
    }
  }
}

/// Expected code of a finite value by the slow reference.
std::uint32_t expected_code(const NumberFormat& format, const Conversion& rules, const ExactGrid& grid, double x,
                            std::uint32_t random) {
  const bool negative = std::signbit(x);
  const std::uint32_t sign = format.is_signed ? 1U << (format.bits - 1) : 0U;
  const bool integer = format.encoding == Encoding::integer;
  const auto signed_code = [&](std::uint32_t magnitude) {
    if (!negative) return magnitude;
    return integer ? (0U - magnitude) & format.code_mask() : magnitude | sign;
  };
  if (x == 0) return integer ? 0 : signed_code(0);
  const auto result = grid.round(abs(exact(x)), rules, Rational(random) / test::power_of_two(32));
  if (result.code <= 0) return integer ? 0 : signed_code(0);
  std::uint32_t largest = grid.largest();
  if (integer && negative && !format.symmetric) largest += 1;
  if (negative && !format.is_signed) return integer ? 0 : signed_code(0);
  if (result.code <= largest) return signed_code(static_cast<std::uint32_t>(result.code));
  const bool special = rules.overflow == Overflow::special && format.has_nan() && rules.rounding != Rounding::toward_zero;
  return signed_code(special ? largest + 1 : largest);
}

/// Values that separate one rounding from another: grid points, midpoints, thirds, and a hair beside each.
std::vector<double> telling_values(const NumberFormat& format) {
  std::vector<double> values{0.0};
  const std::uint32_t top = format.code_mask() & ~format.sign_mask();
  const std::uint32_t stride = top > 512 ? top / 256 : 1;
  const auto around = [&](double x) {
    for (const double near : {x, std::nextafter(x, 0.0), std::nextafter(x, 1e300)}) {
      values.push_back(near);
      values.push_back(-near);
    }
  };
  for (std::uint32_t code = 0; code <= top; code += (code < 8 || code + 8 > top) ? 1 : stride) {
    const double low = decode(format, code);
    const double high = code == top ? 2 * low : decode(format, code + 1);
    if (!std::isfinite(low)) continue;
    around(low);
    around(low / 2);
    if (!std::isfinite(high)) continue;
    around((low + high) / 2);
    around(low + (high - low) / 3);
  }
  const double largest = format.largest();
  for (const double factor : {1.0625, 1.25, 1.5, 2.0, 3.0, 4.0, 7.0}) around(largest * factor);
  for (const double factor : {0.3, 0.5, 0.6, 0.625, 0.75}) around(format.smallest() * factor);
  return values;
}

// Proves: five roundings and both overflow and underflow rules, each against the search in rationals.
TEST_P(EveryFormat, EveryRoundingMatchesTheExactReference) {
  const NumberFormat format = number_format(GetParam());
  const ExactGrid grid{format};
  const std::vector<double> values = telling_values(format);
  for (const Rounding rounding : {Rounding::nearest_even, Rounding::nearest_away, Rounding::radix4_threshold,
                                  Rounding::toward_zero, Rounding::stochastic}) {
    for (const Overflow overflow : {Overflow::saturate, Overflow::special}) {
      for (const Underflow underflow : {Underflow::round_then_flush, Underflow::nearest}) {
        const Conversion rules{rounding, overflow, underflow, NanHandling::zero};
        for (std::size_t i = 0; i < values.size(); ++i) {
          if (format.lowest == LowestBinade::normal) break;  // E8M0 has no zero: its own test
          const auto random = static_cast<std::uint32_t>(i * 2654435761U);
          ASSERT_EQ(encode(format, rules, values[i], random).code,
                    expected_code(format, rules, grid, values[i], random))
              << values[i] << " " << word_of(rounding) << " " << static_cast<int>(overflow)
              << static_cast<int>(underflow) << " random " << random;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryFormat, testing::ValuesIn(small_formats()),
                         [](const auto& param) {
                           std::string name = param.param;
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return name;
                         });

// Proves: DLFloat16's published constants (IBM zDNN and torch-spyre: largest; fms-model-optimizer: smallest).
TEST(Dlfloat16, MatchesThePublishedConstants) {
  const NumberFormat format = number_format("fp16");
  EXPECT_EQ(format.largest(), 8573157376.0);
  EXPECT_EQ(format.largest_code(), 0x7FFEU);
  EXPECT_EQ(format.smallest(), 4.665707820095122e-10);
  EXPECT_TRUE(std::isnan(decode(format, 0x7FFF)));
  EXPECT_TRUE(std::isnan(decode(format, 0xFFFF)));
  EXPECT_EQ(decode(format, 0x7E00), 4294967296.0);  // the top exponent is a binade like any other
  EXPECT_EQ(encode(format, format.conversion, 8581545984.0).code, 0x7FFFU);
  EXPECT_EQ(encode(format, format.conversion, 1.0 + 0x1p-10).code, 0x3E01U) << "ties go away from zero";
  EXPECT_EQ(encode(format, format.conversion, std::numeric_limits<double>::infinity()).code, 0x7FFFU);
  EXPECT_EQ(encode(format, format.conversion, 0x1p-31).code, 0U) << "the zero code's place is flushed";
}

// Proves: E2M1's published code table (OCP MX v1.0, table 5), both signs.
TEST(OcpE2m1, MatchesThePublishedTable) {
  const NumberFormat format = number_format("e2m1");
  const double table[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};
  for (std::uint32_t code = 0; code < 8; ++code) {
    EXPECT_EQ(decode(format, code), table[code]);
    EXPECT_EQ(decode(format, code | 8U), -table[code]);
  }
}

struct Extremes {
  const char* name;
  double largest, smallest_normal, smallest;
};

// Proves: the extremes that OCP FP8 v1.0 (table 1) and MX v1.0 (tables 2 to 5) print.
TEST(OcpFormats, MatchThePublishedExtremes) {
  for (const Extremes& e : {Extremes{"e4m3", 448, 0x1p-6, 0x1p-9}, Extremes{"e5m2", 57344, 0x1p-14, 0x1p-16},
                            Extremes{"e3m2", 28, 0.25, 0.0625}, Extremes{"e2m3", 7.5, 1, 0.125},
                            Extremes{"e2m1", 6, 1, 0.5}, Extremes{"ieee16", 65504, 0x1p-14, 0x1p-24},
                            Extremes{"bf16", 0x1.fep127, 0x1p-126, 0x1p-133},
                            Extremes{"mxint8-element", 1.984375, 0.015625, 0.015625}}) {
    const NumberFormat format = number_format(e.name);
    EXPECT_EQ(format.largest(), e.largest) << e.name;
    EXPECT_EQ(format.smallest_normal(), e.smallest_normal) << e.name;
    EXPECT_EQ(format.smallest(), e.smallest) << e.name;
  }
  EXPECT_TRUE(std::isnan(decode(number_format("e4m3"), 0x7F)));
  EXPECT_EQ(decode(number_format("e4m3"), 0x7E), 448);
  EXPECT_TRUE(std::isinf(decode(number_format("e5m2"), 0x7C)));
  EXPECT_TRUE(std::isnan(decode(number_format("e5m2"), 0x7D)));
}

// Proves: E8M0 is 2^(code - 127) with 255 for NaN, and what has no code becomes the nearest end.
TEST(OcpE8m0, IsAPowerOfTwoForEveryCode) {
  const NumberFormat format = number_format("e8m0");
  for (std::uint32_t code = 0; code < 255; ++code) {
    EXPECT_EQ(decode(format, code), std::ldexp(1.0, static_cast<int>(code) - 127));
    EXPECT_EQ(encode(format, format.conversion, decode(format, code)).code, code);
  }
  EXPECT_TRUE(std::isnan(decode(format, 255)));
  EXPECT_EQ(encode(format, format.conversion, 0.0).code, 0U);
  EXPECT_EQ(encode(format, format.conversion, 0x1p-140).code, 0U);
  EXPECT_EQ(encode(format, format.conversion, 0x1p200).code, 254U);
}

// Proves: the value set and thresholds 4^n / 1.6 of the radix-4 format, a tie going down, and its flush threshold.
TEST(Radix4, RoundsAtTheThreshold) {
  const NumberFormat format = number_format("fp4-radix4");
  const double values[] = {0, 0.015625, 0.0625, 0.25, 1, 4, 16, 64};
  for (std::uint32_t code = 0; code < 8; ++code) EXPECT_EQ(decode(format, code), values[code]);
  for (std::uint32_t code = 1; code < 8; ++code) {
    const double threshold = values[code] * 0.625;  // 4^n / 1.6
    EXPECT_EQ(encode(format, format.conversion, threshold).code, code - 1) << threshold;
    EXPECT_EQ(encode(format, format.conversion, std::nextafter(threshold, 1e9)).code, code) << threshold;
  }
  EXPECT_EQ(encode(format, format.conversion, 1000.0).code, 7U) << "saturates";
  const NumberFormat nearest = number_format("fp4-radix4:underflow=nearest");
  EXPECT_EQ(encode(nearest, nearest.conversion, 0.0078126).code, 1U) << "half of the smallest instead";
}

// Proves: the 9-bit format holds every finite value of both HFP8 formats, which is what it is for.
TEST(Hfp8, BothFormatsFitInNineBits) {
  const NumberFormat nine = number_format("fp9-153");
  for (const char* name : {"fp8-143", "fp8-152"}) {
    const NumberFormat format = number_format(name);
    for (std::uint32_t code = 0; code < 256; ++code) {
      const double value = decode(format, code);
      if (!std::isfinite(value)) continue;
      EXPECT_EQ(round_to(nine, nine.conversion, value), value) << name << " " << code;
    }
  }
}

// Proves: flags tell exact, inexact, too large and too small apart.
TEST(Flags, TellWhatHappened) {
  const NumberFormat format = number_format("e4m3");
  const auto flags = [&](double x) { return encode(format, format.conversion, x).flags; };
  EXPECT_EQ(flags(1.0), (ConversionFlags{}));
  EXPECT_EQ(flags(1.01), (ConversionFlags{.underflow = false, .overflow = false, .inexact = true}));
  EXPECT_EQ(flags(1000), (ConversionFlags{.underflow = false, .overflow = true, .inexact = true}));
  EXPECT_EQ(flags(0x1p-20), (ConversionFlags{.underflow = true, .overflow = false, .inexact = true}));
  EXPECT_EQ(flags(0x1p-9), (ConversionFlags{})) << "an exact subnormal is no underflow";
}

// Proves: NaN keeps its code where there is one, and follows the rule where there is none.
TEST(NanHandling, IsItsOwnRule) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(encode(number_format("fp16"), {}, nan).code & 0x7FFFU, 0x7FFFU);
  EXPECT_EQ(encode(number_format("ieee16"), {}, nan).code & 0x7FFFU, 0x7E00U);
  EXPECT_EQ(encode(number_format("e2m1"), {}, nan).code, 0U);
  Conversion to_maximum;
  to_maximum.nan = nibble::NanHandling::maximum;
  EXPECT_EQ(encode(number_format("int4"), to_maximum, nan).code, 7U);
}

// Proves: a value with more bits than a double rounds once: just above a tie is not a tie.
TEST(Encode, StickyBitBreaksTies) {
  const NumberFormat format = number_format("bf16");
  const Unrounded tie{false, 0x8080000000000000U, -63, false};    // 1 + 2^-8: half an ulp above 1
  const Unrounded beyond{false, 0x8080000000000000U, -63, true};  // and something more
  EXPECT_EQ(encode(format, format.conversion, tie).code, 0x3F80U);
  EXPECT_EQ(encode(format, format.conversion, beyond).code, 0x3F81U);
}

// Proves: fp32 conversion of doubles is the machine's own.
TEST(Fp32, AgreesWithTheProcessor) {
  const NumberFormat format = number_format("fp32");
  std::uint64_t state = 1;
  for (int i = 0; i < 200000; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const double x = std::bit_cast<double>(state);
    if (std::isnan(x)) continue;
    ASSERT_EQ(encode(format, format.conversion, x).code, std::bit_cast<std::uint32_t>(static_cast<float>(x))) << x;
    const double y = std::ldexp(static_cast<double>(state >> 11), -199 + static_cast<int>(state % 64));
    ASSERT_EQ(encode(format, format.conversion, y).code, std::bit_cast<std::uint32_t>(static_cast<float>(y))) << y;
  }
}

}  // namespace
}  // namespace nibble
