#include "models/formats/sawb.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/base/check.hpp"
#include "models/base/error.hpp"

namespace nibble {

std::optional<SawbCoefficients> sawb_coefficients(unsigned bits, SawbVariant variant) {
  if (variant == SawbVariant::zero_aligned) {
    if (bits == 2) return SawbCoefficients{2.6, -1.71};
    if (bits == 4) return SawbCoefficients{12.035, -12.03};
    return std::nullopt;
  }
  if (bits == 2) return SawbCoefficients{3.12, -2.064};
  if (bits == 3) return SawbCoefficients{7.509, -6.892};
  if (bits == 4) return SawbCoefficients{12.68, -12.80};
  return std::nullopt;
}

double sawb_clip(std::span<const float> weights, const SawbOptions& options) {
  const auto coefficients =
      options.coefficients ? options.coefficients : sawb_coefficients(options.bits, options.variant);
  if (!coefficients) {
    throw InputError{"SAWB-COEFFICIENTS", fmt::format("no SAWB coefficients are published for {} bits {}", options.bits,
                                                      options.variant == SawbVariant::zero_aligned ? "zero-aligned"
                                                                                                   : "with all levels"),
                     "known: zero-aligned 2 and 4, all levels 2, 3 and 4; or give coefficients"};
  }
  double squares = 0, magnitudes = 0, largest = 0;
  for (const float w : weights) {
    const double magnitude = std::fabs(double{w});
    squares += magnitude * magnitude;
    magnitudes += magnitude;
    largest = std::max(largest, magnitude);
  }
  const auto count = static_cast<double>(std::max<std::size_t>(weights.size(), 1));
  const double clip =
      coefficients->rms * std::sqrt(squares / count) + coefficients->magnitude * (magnitudes / count);
  return clip > 0 ? clip : largest;
}

Quantised sawb_quantise(std::span<const float> weights, const SawbOptions& options) {
  NIBBLE_CHECK(options.bits >= 2 && options.bits <= 8, "{} bits", options.bits);
  const double clip = sawb_clip(weights, options);
  const bool aligned = options.variant == SawbVariant::zero_aligned;
  const double steps = std::ldexp(1.0, static_cast<int>(options.bits)) - (aligned ? 2.0 : 1.0);
  Quantised result;
  result.scale = clip > 0 ? (aligned ? 2 * clip : clip) / steps : 1.0;
  result.values.reserve(weights.size());
  for (const float w : weights) {
    const double clipped = clip > 0 ? std::clamp(w / clip, -1.0, 1.0) : 0.0;
    // nearbyint: to nearest even, as in the source.
    const double code = std::nearbyint((clipped * 0.5 + 0.5) * steps);
    result.values.push_back(static_cast<float>(aligned ? code - steps / 2 : 2 * code - steps));
  }
  return result;
}

void sawb_gradient(std::span<const float> weights, std::span<const float> gradient, double clip,
                   bool straight_through, std::span<float> out) {
  NIBBLE_CHECK(weights.size() == gradient.size() && out.size() == weights.size(), "sizes differ");
  for (std::size_t i = 0; i < weights.size(); ++i) {
    out[i] = straight_through || std::fabs(double{weights[i]}) <= clip ? gradient[i] : 0.0F;
  }
}

}  // namespace nibble
