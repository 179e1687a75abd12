#include "models/formats/pact.hpp"

#include <algorithm>
#include <cmath>

#include "models/base/check.hpp"

namespace nibble {
namespace {

double steps_of(const PactOptions& options) {
  NIBBLE_CHECK(options.bits >= 1 && options.bits <= 16 && options.clip > 0, "{} bits, clip {}", options.bits,
               options.clip);
  return std::ldexp(1.0, static_cast<int>(options.bits)) - 1;
}

}  // namespace

Quantised pact_quantise(std::span<const float> activations, const PactOptions& options) {
  const double steps = steps_of(options);
  Quantised result;
  result.scale = options.clip / steps;
  result.values.reserve(activations.size());
  for (const float x : activations) {
    const double clipped = x > 0 ? std::min<double>(x, options.clip) : 0.0;
    result.values.push_back(static_cast<float>(std::nearbyint(clipped * steps / options.clip)));
  }
  return result;
}

PactGradient pact_gradient(std::span<const float> activations, std::span<const float> gradient,
                           const PactOptions& options, bool refined) {
  NIBBLE_CHECK(activations.size() == gradient.size(), "sizes differ");
  const double steps = steps_of(options);
  PactGradient result;
  result.input.reserve(activations.size());
  for (std::size_t i = 0; i < activations.size(); ++i) {
    const double x = activations[i], g = gradient[i];
    result.input.push_back(x >= 0 && x <= options.clip ? gradient[i] : 0.0F);
    if (x >= options.clip) {
      result.clip += g;
    } else if (refined && x > 0) {
      const double z = x * steps / options.clip;
      result.clip -= g * (z - std::nearbyint(z)) / steps;
    }
  }
  return result;
}

}  // namespace nibble
