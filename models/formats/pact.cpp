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

/// To the nearest, ties to even, never -0; |x| < 2^51. Several at a time, which nearbyint() is not without SSE4.1.
double nearest_integer(double x) {
  constexpr double kUnitsInLastPlace = 0x1.8p52;
  return (x + kUnitsInLastPlace) - kUnitsInLastPlace;
}

double lower_end(const PactOptions& options) { return options.symmetric ? -options.clip : 0.0; }

}  // namespace

Quantised pact_quantise(std::span<const float> activations, const PactOptions& options) {
  const double steps = steps_of(options), lower = lower_end(options);
  Quantised result;
  result.scale = options.clip / steps;
  result.values.resize(activations.size());
  const double upper = options.clip;
  for (std::size_t i = 0; i < activations.size(); ++i) {
    const double x = activations[i], above = x > lower ? x : lower, clipped = above < upper ? above : upper;
    result.values[i] = static_cast<float>(x == x ? nearest_integer(clipped * steps / upper) : 0.0);
  }
  return result;
}

PactGradient pact_gradient(std::span<const float> activations, std::span<const float> gradient,
                           const PactOptions& options, bool refined) {
  NIBBLE_CHECK(activations.size() == gradient.size(), "sizes differ");
  const double steps = steps_of(options), lower = lower_end(options);
  PactGradient result;
  result.input.resize(activations.size());
  for (std::size_t i = 0; i < activations.size(); ++i) {
    const double x = activations[i], g = gradient[i];
    result.input[i] = x >= lower && x <= options.clip ? gradient[i] : 0.0F;
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
