#include "models/formats/scaled.hpp"

#include <algorithm>
#include <cmath>

#include "models/base/check.hpp"

namespace nibble {
namespace {

Quantised divided_and_rounded(std::span<const float> values, double scale, const NumberFormat& format,
                              const RandomSource& random) {
  Quantised result;
  result.scale = scale;
  result.values.reserve(values.size());
  for (const float x : values) result.values.push_back(static_cast<float>(x / scale));
  round_array(format, format.conversion, result.values, result.values, random);
  return result;
}

}  // namespace

double largest_magnitude(std::span<const float> values) {
  double largest = 0;
  for (const float x : values) {
    if (std::isfinite(x)) largest = std::max(largest, std::fabs(double{x}));
  }
  return largest;
}

Quantised cast_quantise(std::span<const float> values, const NumberFormat& format, const RandomSource& random) {
  Quantised result;
  result.values.resize(values.size());
  round_array(format, format.conversion, values, result.values, random);
  return result;
}

Quantised max_quantise(std::span<const float> values, const NumberFormat& format, ScaleKind kind,
                       const RandomSource& random) {
  const double largest = largest_magnitude(values);
  double scale = largest > 0 ? largest / format.largest() : 1.0;
  if (kind == ScaleKind::power_of_two) scale = std::exp2(std::ceil(std::log2(scale)));
  return divided_and_rounded(values, scale, format, random);
}

Quantised luq_quantise(std::span<const float> gradients, const LuqOptions& options, const RandomSource& random) {
  NIBBLE_CHECK(options.levels >= 1 && options.levels <= 16, "{} levels", options.levels);
  NumberFormat format = number_format("fp4-luq");
  if (options.levels > 6) {  // what the reference code does: more levels than four bits have codes for
    format.exponent_bits = 5;
    format.bits = 6;
  }
  // Codes are alpha x 2^0 and up: saturation must come at 2^levels, where max|g| lies.
  const double largest = options.maximum > 0 ? options.maximum : largest_magnitude(gradients);
  const double alpha = largest > 0 ? std::ldexp(largest, -static_cast<int>(options.levels)) : 1.0;
  Quantised result = divided_and_rounded(gradients, alpha, format, random);
  const auto top = static_cast<float>(std::ldexp(1.0, static_cast<int>(options.levels)));
  for (float& x : result.values) x = std::clamp(x, -top, top);
  return result;
}

double luq_hindsight(double estimate, double largest, double eta) { return (1 - eta) * largest + eta * estimate; }

}  // namespace nibble
