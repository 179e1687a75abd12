#pragma once

#include <span>
#include <vector>

#include "models/formats/quantised.hpp"

namespace nibble {

/// Parameterised clipping activation (SOURCES: pact-sawb-19): a learned clip, unsigned codes 0 to 2^b - 1.
struct PactOptions {
  unsigned bits = 4;
  double clip = 8.0;       ///< alpha; IBM's code begins training at 8
  bool symmetric = false;  ///< also -clip, codes -(2^(b-1) - 1) to 2^(b-1) - 1: for activations with a sign
};

/// clamp(x, 0, clip) in steps of clip / (2^b - 1), rounded to nearest even; NaN becomes zero. Symmetric:
/// clamp(x, -clip, clip) in steps of clip / (2^(b-1) - 1).
[[nodiscard]] Quantised pact_quantise(std::span<const float> activations, const PactOptions& options);

struct PactGradient {
  std::vector<float> input;  ///< dL/dx: the output's where 0 (symmetric: -clip) <= x <= clip, else 0
  double clip = 0;           ///< dL/dclip
};

/// Gradients from dL/dy. PACT: dL/dclip is the sum of g over x >= clip (symmetric: less that over x <= -clip). PACT+ (`refined`) also counts the rounding
/// error of what is inside: -g (z - round(z)) / (2^b - 1), z = x / step, for what is
/// inside.
[[nodiscard]] PactGradient pact_gradient(std::span<const float> activations, std::span<const float> gradient,
                                         const PactOptions& options, bool refined = false);

}  // namespace nibble
