// Proves: fixed point of every width from 8 to 32 bits and every split, in every rounding, is what exact integers say:
// x 2^FL rounded in rationals, cut to the word; so are the flags. Arrays of 32-bit words have the same codes.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "models/formats/array.hpp"
#include "models/formats/codec.hpp"
#include "tests/unit/models/formats/exact_grid.hpp"

namespace nibble {
namespace {

using test::Integer;
using test::Rational;

constexpr Rounding kRoundings[] = {Rounding::nearest_even, Rounding::nearest_away, Rounding::radix4_threshold,
                                   Rounding::toward_zero, Rounding::stochastic};

/// Steps of 2^-FL, by magnitude; stochastic rounding goes up iff `random` / 2^32 is below the distance cut to 32 bits.
Integer rounded(const Rational& steps, Rounding rounding, std::uint32_t random) {
  const Integer below = numerator(steps) / denominator(steps);
  const Rational distance = steps - below, half(1, 2);
  bool up = false;
  switch (rounding) {
    case Rounding::nearest_even: up = distance > half || (distance == half && below % 2 != 0); break;
    case Rounding::nearest_away: up = distance >= half; break;
    case Rounding::radix4_threshold: up = distance > half; break;
    case Rounding::toward_zero: break;
    case Rounding::stochastic: up = Rational(random) + 1 <= distance * test::power_of_two(32); break;
  }
  return below + (up ? 1 : 0);
}

struct Expected {
  std::uint32_t code = 0;
  bool overflow = false, inexact = false;
};

Expected expected(unsigned bits, int fraction_bits, Rounding rounding, double x, std::uint32_t random) {
  const bool negative = std::signbit(x);
  const Rational steps = abs(test::exact(x)) * test::power_of_two(fraction_bits);
  const Integer limit = (Integer(1) << (bits - 1)) - (negative ? 0 : 1);
  const Integer magnitude = rounded(steps, rounding, random);
  const Integer kept = magnitude > limit ? limit : magnitude;
  const Integer word = negative && kept != 0 ? (Integer(1) << bits) - kept : kept;
  return {static_cast<std::uint32_t>(word), magnitude > limit, Rational(kept) != steps};
}

/// Whole steps, ties and a hair beside them, both ends of the range, and numbers of all magnitudes.
std::vector<double> telling_values(unsigned bits, int fraction_bits, std::mt19937_64& generator) {
  std::vector<double> values{0.0, -0.0};
  const double step = std::ldexp(1.0, -fraction_bits), end = std::ldexp(step, static_cast<int>(bits) - 1);
  for (double near : {0.5 * step, step, 1.5 * step, 2.5 * step, 0.3 * step, end, end - step, end - 0.5 * step, end + 0.5 * step, end + step, 3 * end}) {
    for (const double x : {near, std::nextafter(near, 0.0), std::nextafter(near, 1e300)}) values.insert(values.end(), {x, -x});
  }
  for (int i = 0; i < 40; ++i) {
    const double mantissa = static_cast<double>(generator() >> 11) * 0x1p-52 - 1;
    values.push_back(std::ldexp(mantissa * end, -static_cast<int>(generator() % (bits + 2))));
  }
  return values;
}

TEST(FixedPoint, EveryWidthAndSplitIsWhatIntegersSay) {
  std::mt19937_64 generator{15};
  for (unsigned bits = 8; bits <= 32; ++bits) {
    for (unsigned fraction = 0; fraction <= bits; fraction += bits / 4) {
      const NumberFormat format = number_format("fixed16:il=" + std::to_string(bits - fraction) + ",fl=" + std::to_string(fraction));
      ASSERT_EQ(format.bits, bits);
      for (const Rounding rounding : kRoundings) {
        Conversion rules = format.conversion;
        rules.rounding = rounding;
        for (const double x : telling_values(bits, static_cast<int>(fraction), generator)) {
          const auto random = static_cast<std::uint32_t>(generator());
          const Encoded code = encode(format, rules, x, random);
          const Expected wanted = expected(bits, static_cast<int>(fraction), rounding, x, random);
          ASSERT_EQ(code.code, wanted.code) << format.name << " " << bits << " bits, " << x << " " << word_of(rounding);
          ASSERT_EQ(code.flags.overflow, wanted.overflow) << bits << " bits, " << x;
          ASSERT_EQ(code.flags.inexact, wanted.inexact) << bits << " bits, " << x;
        }
      }
    }
  }
}

TEST(FixedPoint, EveryCodeOfALongWordIsItsInteger) {
  std::mt19937_64 generator{16};
  for (const unsigned bits : {17U, 24U, 31U, 32U}) {
    const NumberFormat format = number_format("fixed16:il=8,fl=" + std::to_string(bits - 8));
    for (int i = 0; i < 4000; ++i) {
      const std::uint32_t code = static_cast<std::uint32_t>(generator()) & format.code_mask();
      const double value = decode(format, code);
      ASSERT_EQ(test::exact(value), *test::exact_value(format, code)) << code;
      ASSERT_EQ(encode(format, format.conversion, value, ~0U).code, code);
    }
  }
}

TEST(FixedPoint, ArraysHaveTheScalarsCodes) {
  std::mt19937_64 generator{17};
  for (const unsigned bits : {8U, 13U, 24U, 32U}) {
    const NumberFormat format = number_format("fixed16:il=4,fl=" + std::to_string(bits - 4));
    std::vector<float> values;
    for (const double x : telling_values(bits, static_cast<int>(bits) - 4, generator)) values.push_back(static_cast<float>(x));
    std::vector<std::uint32_t> codes(values.size());
    for (const Rounding rounding : kRoundings) {
      Conversion rules = format.conversion;
      rules.rounding = rounding;
      for (const SimdLevel level : available_simd_levels()) {
        encode_array(format, rules, values, codes, {5, 6, 0}, level);
        for (std::size_t i = 0; i < values.size(); ++i) {
          const std::uint32_t random = RandomBits{5, 6}.at(i);
          ASSERT_EQ(codes[i], expected(bits, static_cast<int>(bits) - 4, rounding, values[i], random).code)
              << bits << " bits, " << values[i] << " " << word_of(rounding) << " " << word_of(level);
        }
      }
    }
  }
}

}  // namespace
}  // namespace nibble
