#include "workloads/training/weight_update.hpp"

#include "models/base/check.hpp"

namespace nibble::training {
namespace {

void round_into(const std::string& name, bool stochastic, std::span<float> values, RandomSource random,
                std::uint64_t stream) {
  if (name == "fp32") return;
  const NumberFormat format = number_format(name);
  Conversion conversion = format.conversion;
  if (stochastic) conversion.rounding = Rounding::stochastic;
  if (!stochastic && conversion.rounding == Rounding::stochastic) conversion.rounding = Rounding::nearest_even;
  random.tensor = 2 * random.tensor + stream;
  round_array(format, conversion, values, values, random);
}

}  // namespace

void update_weights(const Recipe& recipe, const SgdStep& step, std::span<const float> gradient,
                    std::span<float> velocity, std::span<float> weights, const RandomSource& random) {
  NIBBLE_CHECK(gradient.size() == weights.size() && velocity.size() == weights.size(), "{} gradients, {} weights",
               gradient.size(), weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    velocity[i] = step.momentum * velocity[i] + (gradient[i] + step.decay * weights[i]);
  }
  round_into(recipe.optimizer_state, recipe.stochastic_rounding, velocity, random, 0);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] -= step.rate * velocity[i];
  round_into(recipe.master_weights, recipe.stochastic_rounding, weights, random, 1);
}

}  // namespace nibble::training
