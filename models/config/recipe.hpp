#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/config/override.hpp"

namespace nibble {

/// Formats of one GEMM: its two inputs, and what its result is stored in.
struct GemmFormats {
  std::string a;       ///< fwd: activations; dgrad: output gradients; wgrad: activations
  std::string b;       ///< fwd: weights;     dgrad: weights;          wgrad: output gradients
  std::string output;  ///< fwd: activations before the vector work; dgrad: input gradients; wgrad: weight gradients
};

enum class WeightQuantiser : std::uint8_t { none, cast, sawb };
enum class ActivationQuantiser : std::uint8_t { none, cast, pact };
/// two_phase: radix-4 codes on two grids, one copy for dgrad and one for wgrad, with GradScale's max. luq: radix-2 codes
/// below the tensor's maximum, unbiased. stochastic: a cast, block formats' elements too, rounded stochastically.
enum class GradientQuantiser : std::uint8_t { none, cast, two_phase, luq, stochastic };
enum class Optimizer : std::uint8_t { sgd_momentum, adam };

/// One choice of formats for the three GEMMs of a layer and the quantisers that feed them.
struct Precision {
  GemmFormats fwd, dgrad, wgrad;
  WeightQuantiser weight_quantiser = WeightQuantiser::none;
  ActivationQuantiser activation_quantiser = ActivationQuantiser::none;
  GradientQuantiser gradient_quantiser = GradientQuantiser::none;
};

/// Which layers an exception is for.
enum class LayerMatch : std::uint8_t { first, last, conv1x1, depthwise, name };

struct RecipeException {
  LayerMatch match = LayerMatch::first;
  std::string name;     ///< for LayerMatch::name: the layer's name, '*' matches any run of characters
  Precision precision;  ///< complete: the file's overrides laid over the recipe's own precision
};

/// What number format every tensor of a step has. An inference recipe (`training` false) has empty dgrad, wgrad,
/// master weights and optimizer state; its `saved` and `gradient_exchange` are `vector`.
struct Recipe {
  std::string name;
  std::string description;
  bool training = true;                 ///< false: inference only (int4, int2)
  Precision precision;
  std::vector<RecipeException> exceptions;  ///< first match wins
  std::string vector;                   ///< tensors between vector operations
  std::string saved;                    ///< what vector operations keep for the backward pass
  std::string gradient_exchange;        ///< weight gradients on links between chips
  Optimizer optimizer = Optimizer::sgd_momentum;
  std::string master_weights;
  std::string optimizer_state;
  bool stochastic_rounding = false;     ///< in the weight update
  std::string file;
  std::string hash;
};

[[nodiscard]] Recipe load_recipe(const std::string& name_or_path, const Overrides& overrides = {});

}  // namespace nibble
