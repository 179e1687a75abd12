#pragma once

#include <cstdint>
#include <span>

#include "models/config/recipe.hpp"
#include "models/formats/array.hpp"

namespace nibble::training {

/// SGD with momentum: v <- momentum x v + (g + decay x w); w <- w - rate x v.
struct SgdStep {
  float rate = 0.05F;
  float momentum = 0.9F;
  float decay = 0;
};

/// One tensor's step in FP32, after which velocity and weights are rounded into the recipe's formats for optimizer
/// state and master weights: stochastically where the recipe says so, with `random` for the weights.
void update_weights(const Recipe& recipe, const SgdStep& step, std::span<const float> gradient,
                    std::span<float> velocity, std::span<float> weights, const RandomSource& random);

}  // namespace nibble::training
