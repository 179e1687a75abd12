#include "models/gemm/exact_sum.hpp"

#include <cmath>

#include "models/base/check.hpp"

namespace nibble {
namespace {

constexpr int kUnit = -304;  // below 2^-298, the smallest product of two subnormal floats

struct Scaled {
  std::int64_t integer;
  int exponent;
};

/// value = integer x 2^exponent.
Scaled scaled(double value) {
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return {static_cast<std::int64_t>(std::ldexp(fraction, 53)), exponent - 53};
}

Scaled product(float a, float b) {
  // 24 x 24 bits: exact in a double, and so is its range.
  return scaled(double{a} * double{b});
}

}  // namespace

int product_exponent(float a, float b) { return std::ilogb(double{a} * double{b}); }

void ExactSum::add_scaled(std::int64_t integer, int exponent) {
  const std::int64_t spare = exponent - kUnit;
  if (spare < 0) {
    // The low bits of a 53-bit integer below the unit are zero for what may be added.
    NIBBLE_CHECK(integer % (std::int64_t{1} << -spare) == 0, "2^{} is below the sum's unit", exponent);
    sum_ += integer / (std::int64_t{1} << -spare);
    return;
  }
  Fixed term = integer < 0 ? -integer : integer;
  term <<= spare;
  if (integer < 0) {
    sum_ -= term;
  } else {
    sum_ += term;
  }
}

void ExactSum::add_product(float a, float b) {
  if (!std::isfinite(a) || !std::isfinite(b)) {
    special_ += double{a} * double{b};
    return;
  }
  if (a == 0 || b == 0) return;
  const Scaled p = product(a, b);
  add_scaled(p.integer, p.exponent);
}

void ExactSum::add_truncated_product(float a, float b, int lowest_exponent) {
  if (!std::isfinite(a) || !std::isfinite(b)) {
    special_ += double{a} * double{b};
    return;
  }
  if (a == 0 || b == 0) return;
  Scaled p = product(a, b);
  const int drop = lowest_exponent - p.exponent;
  if (drop >= 63) return;
  if (drop > 0) {
    p.integer /= std::int64_t{1} << drop;  // towards zero
    p.exponent = lowest_exponent;
  }
  if (p.integer != 0) add_scaled(p.integer, p.exponent);
}

void ExactSum::add(double value) {
  if (!std::isfinite(value)) {
    special_ += value;
    return;
  }
  if (value == 0) return;
  const Scaled s = scaled(value);
  add_scaled(s.integer, s.exponent);
}

void ExactSum::add(const ExactSum& other) {
  sum_ += other.sum_;
  special_ += other.special_;
}

Unrounded ExactSum::value() const {
  if (sum_ == 0) return {};
  Fixed magnitude = sum_ < 0 ? Fixed{-sum_} : sum_;
  const auto top = static_cast<int>(boost::multiprecision::msb(magnitude));
  const bool negative = sum_ < 0;
  if (top < 64) return {negative, static_cast<std::uint64_t>(magnitude), kUnit, false};
  const int drop = top - 63;
  const bool sticky = static_cast<int>(boost::multiprecision::lsb(magnitude)) < drop;
  magnitude >>= drop;
  return {negative, static_cast<std::uint64_t>(magnitude), kUnit + drop, sticky};
}

}  // namespace nibble
