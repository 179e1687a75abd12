#pragma once

#include <boost/multiprecision/cpp_int.hpp>

#include "models/formats/codec.hpp"

namespace nibble {

/// The sum of products of floats, and of values of accumulator formats, without any rounding.
///
/// A fixed-point integer wide enough for every product of two floats (2^-298 to 2^256) and any count of them.
class ExactSum {
 public:
  /// Infinities and NaNs are summed apart, by the rules of IEEE 754: infinity less infinity is NaN.
  void add_product(float a, float b);
  /// |value| is at least 2^-250 or zero.
  void add(double value);
  void add(const ExactSum& other);

  /// Cuts each product after 2^lowest_exponent, towards zero.
  void add_truncated_product(float a, float b, int lowest_exponent);

  [[nodiscard]] bool finite() const { return special_ == 0; }
  [[nodiscard]] double special() const { return special_; }  ///< an infinity or NaN, if not finite()
  [[nodiscard]] Unrounded value() const;                     ///< if finite()

 private:
  using Fixed = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
      1024, 1024, boost::multiprecision::signed_magnitude, boost::multiprecision::unchecked, void>>;

  void add_scaled(std::int64_t integer, int exponent);

  Fixed sum_ = 0;       ///< in units of 2^kUnit
  double special_ = 0;
};

/// Exponent of the larger power of two in |a b|'s leading bit: 2^e <= |a b| < 2^(e+1). Both finite and nonzero.
[[nodiscard]] int product_exponent(float a, float b);

}  // namespace nibble
