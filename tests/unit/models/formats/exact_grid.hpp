#pragma once

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "models/formats/number_format.hpp"

/// A second implementation of every format, slow and exact: a sorted list of all values as fractions, searched.
///
/// It shares nothing with models/formats but the traits: values come from the formula of each format in rationals,
/// and rounding compares distances between rationals, without bit operations on the value.
namespace nibble::test {

using Rational = boost::multiprecision::cpp_rational;
using Integer = boost::multiprecision::cpp_int;

inline Rational power_of_two(int exponent) {
  Rational one = 1;
  return exponent >= 0 ? one * Rational(Integer(1) << exponent) : one / Rational(Integer(1) << -exponent);
}

inline Rational exact(double value) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return Rational(Integer(static_cast<std::int64_t>(std::ldexp(fraction, 53)))) * power_of_two(exponent - 53);
}

/// The magnitude that the exponent digit and mantissa of a floating code stand for, by the formula in the headline
/// of each format's definition; no value for infinity and NaN.
inline std::optional<Rational> floating_magnitude(const NumberFormat& f, std::uint32_t magnitude) {
  const std::uint32_t digit = magnitude >> f.mantissa_bits;
  const std::uint32_t mantissa = magnitude % (1U << f.mantissa_bits);
  const std::uint32_t top_digit = (1U << f.exponent_bits) - 1;
  const std::uint32_t top_mantissa = (1U << f.mantissa_bits) - 1;
  if (f.specials == Specials::ieee && digit == top_digit) return {};
  const bool all_ones = digit == top_digit && mantissa == top_mantissa;
  if ((f.specials == Specials::all_ones_nan || f.specials == Specials::all_ones_nan_inf) && all_ones) return {};
  const int radix_bits = static_cast<int>(f.log2_radix);
  const Rational part = Rational(mantissa) / Rational(1U << f.mantissa_bits);
  if (digit == 0 && f.lowest == LowestBinade::subnormal) {
    return Rational(part * power_of_two((1 - f.bias) * radix_bits + f.scale_exponent));
  }
  if (digit == 0 && mantissa == 0 && f.lowest == LowestBinade::zero_code) return Rational(0);
  return Rational((1 + part) * power_of_two((static_cast<int>(digit) - f.bias) * radix_bits + f.scale_exponent));
}

/// The value of any code; no value for infinity and NaN.
inline std::optional<Rational> exact_value(const NumberFormat& f, std::uint32_t code) {
  const std::uint32_t sign = f.is_signed ? 1U << (f.bits - 1) : 0U;
  if (f.encoding == Encoding::integer) {
    const Integer weight = (code & sign) != 0 ? Integer(code) - (Integer(1) << f.bits) : Integer(code);
    return Rational(Rational(weight) * power_of_two(f.scale_exponent));
  }
  auto magnitude = floating_magnitude(f, code & ~sign);
  if (magnitude && (code & sign) != 0) *magnitude = -*magnitude;
  return magnitude;
}

/// Magnitudes of one sign in order, continued past both ends of the exponent where the rounding rules ask for it.
class ExactGrid {
 public:
  struct Point {
    Rational magnitude;
    std::int64_t code;  ///< magnitude code; below zero or beyond the largest for points that no code has
  };

  explicit ExactGrid(const NumberFormat& format) : format_{format} {
    if (format.encoding == Encoding::integer) {
      add_integers();
    } else {
      add_floats();
    }
    const std::uint32_t sign = format.is_signed ? 1U << (format.bits - 1) : 0U;
    for (std::uint32_t code = 0; code <= (format.code_mask() & ~sign); ++code) {
      if (exact_value(format, code)) largest_ = code;
    }
  }

  /// Largest finite magnitude code: found, not taken from the format.
  [[nodiscard]] std::uint32_t largest() const { return largest_; }

  struct Result {
    std::int64_t code = 0;       ///< beyond the largest: overflow; zero or less: zero
    Rational position;           ///< of x between its neighbours, 0 to 1
    bool exact = false;
  };

  /// Stochastic rounding goes up iff `random`, a multiple of 2^-32, is below the position cut to 32 bits.
  [[nodiscard]] Result round(const Rational& x, const Conversion& rules, const Rational& random) const {
    const bool zero_code = format_.encoding == Encoding::floating && format_.lowest == LowestBinade::zero_code;
    const bool with_zero = zero_code && (rules.underflow == Underflow::nearest || rules.rounding == Rounding::stochastic);
    Point zero{0, 0};
    auto upper = std::upper_bound(points_.begin(), points_.end(), x,
                                  [](const Rational& v, const Point& p) { return v < p.magnitude; });
    if (upper == points_.end()) return {std::int64_t{1} << 40, 0, false};
    Point high = *upper;
    Point low = upper == points_.begin() ? zero : *(upper - 1);
    if (with_zero && low.code < 1) {
      low = zero;
      high = *std::find_if(points_.begin(), points_.end(), [](const Point& p) { return p.code == 1; });
    }
    const Rational position = (x - low.magnitude) / (high.magnitude - low.magnitude);
    const Rational half(1, 2);
    bool up = false;
    switch (rules.rounding) {
      case Rounding::nearest_even: up = position > half || (position == half && low.code % 2 != 0); break;
      case Rounding::nearest_away: up = position >= half; break;
      case Rounding::radix4_threshold: up = position > half; break;
      case Rounding::toward_zero: up = false; break;
      case Rounding::stochastic: up = random + power_of_two(-32) <= position; break;
    }
    return {up ? high.code : low.code, position, position == 0};
  }

 private:
  void add_integers() {
    const std::int64_t top = std::int64_t{1} << (format_.is_signed ? format_.bits - 1 : format_.bits);
    for (std::int64_t code = 0; code <= top + 1; ++code) {
      points_.push_back({Rational(code) * power_of_two(format_.scale_exponent), code});
    }
  }

  void add_floats() {
    const auto top = static_cast<std::int64_t>(1U << (format_.exponent_bits + format_.mantissa_bits));
    const int radix_bits = static_cast<int>(format_.log2_radix);
    const std::int64_t step = std::int64_t{1} << format_.mantissa_bits;
    // Two binades beyond each end, by the formula of normal numbers.
    for (std::int64_t code = -2 * step; code < top + 2 * step; ++code) {
      const std::int64_t digit = code >= 0 ? code / step : -((-code + step - 1) / step);
      const Rational part = Rational(code - digit * step) / Rational(step);
      const bool gradual = format_.lowest == LowestBinade::subnormal;
      if (gradual && code < 0) continue;
      if (gradual && digit == 0) {
        points_.push_back({part * power_of_two((1 - format_.bias) * radix_bits + format_.scale_exponent), code});
        continue;
      }
      points_.push_back({(1 + part) * power_of_two((static_cast<int>(digit) - format_.bias) * radix_bits +
                                                   format_.scale_exponent), code});
    }
  }

  NumberFormat format_;
  std::uint32_t largest_ = 0;
  std::vector<Point> points_;
};

}  // namespace nibble::test
