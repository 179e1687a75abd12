#include "models/formats/pact.hpp"

#include <algorithm>
#include <cmath>

#include "models/base/check.hpp"

namespace nibble {
namespace {

double steps_of(const PactOptions& options) {
  NIBBLE_CHECK(options.bits >= 1 && options.bits <= 16 && options.clip > 0, "{} bits, clip {}", options.bits,
               options.clip);
  NIBBLE_CHECK(!options.symmetric || options.bits >= 2, "{} bits with a sign", options.bits);
  return std::ldexp(1.0, static_cast<int>(options.symmetric ? options.bits - 1 : options.bits)) - 1;
}

double lower_end(const PactOptions& options) { return options.symmetric ? -options.clip : 0.0; }

}  // namespace

Quantised pact_quantise(std::span<const float> activations, const PactOptions& options) {
  const double steps = steps_of(options), lower = lower_end(options);
  Quantised result;
  result.scale = options.clip / steps;
  result.values.reserve(activations.size());
  for (const float x : activations) {
    const double clipped = std::isnan(x) ? 0.0 : std::clamp<double>(x, lower, options.clip);
    result.values.push_back(static_cast<float>(std::nearbyint(clipped * steps / options.clip) + 0.0));
  }
  return result;
}

PactGradient pact_gradient(std::span<const float> activations, std::span<const float> gradient,
                           const PactOptions& options, bool refined) {
  NIBBLE_CHECK(activations.size() == gradient.size(), "sizes differ");
  const double steps = steps_of(options), lower = lower_end(options);
  PactGradient result;
  result.input.reserve(activations.size());
  for (std::size_t i = 0; i < activations.size(); ++i) {
    const double x = activations[i], g = gradient[i];
    result.input.push_back(x >= lower && x <= options.clip ? gradient[i] : 0.0F);
    if (x >= options.clip) {
      result.clip += g;
    } else if (options.symmetric && x <= lower) {
      result.clip -= g;
    } else if (refined && x > lower) {
      const double z = x * steps / options.clip;
      result.clip -= g * (z - std::nearbyint(z)) / steps;
    }
  }
  return result;
}

}  // namespace nibble
