#include "models/formats/two_phase.hpp"

#include <cmath>

#include "models/formats/array.hpp"

namespace nibble {
namespace {

Quantised quantise_phase(std::span<const float> gradients, double scale, const NumberFormat& format) {
  Quantised result;
  result.values.reserve(gradients.size());
  // The scale is a power of two: exact, but for gradients at the ends of float's range.
  for (const float g : gradients) result.values.push_back(static_cast<float>(g * scale));
  round_array(format, format.conversion, result.values, result.values);
  result.scale = 1.0 / scale;
  return result;
}

}  // namespace

double GradScale::scale() const { return std::ldexp(1.0, exponent_); }

bool GradScale::update(double largest) {
  if (!(largest > 0) || !std::isfinite(largest)) return false;
  const double scaled = largest * scale();
  if (scaled > maximum_) {
    exponent_ -= 1;
  } else if (scaled <= maximum_ / 2) {
    exponent_ += 1;
  } else {
    return false;
  }
  return true;
}

void GradScale::settle(double largest) {
  while (update(largest)) {
  }
}

NumberFormat phase_format(bool for_dgrad, const TwoPhaseOptions& options) {
  const bool even = options.single_grid || for_dgrad == (options.even_phase == EvenPhase::dgrad);
  const char* odd = options.odd_grid == OddGrid::above ? "fp4-radix4:phase=odd" : "fp4-radix4:phase=odd-below";
  NumberFormat format = number_format(even ? "fp4-radix4" : odd);
  format.conversion.rounding = options.rounding;
  format.conversion.underflow = options.underflow;
  return format;
}

TwoPhaseGradients two_phase_quantise(std::span<const float> gradients, const GradScale& scale,
                                     const TwoPhaseOptions& options) {
  return {quantise_phase(gradients, scale.scale(), phase_format(true, options)),
          quantise_phase(gradients, scale.scale(), phase_format(false, options))};
}

}  // namespace nibble
