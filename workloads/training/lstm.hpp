#pragma once

#include <torch/types.h>

#include <memory>

#include "workloads/training/layer_arithmetic.hpp"

namespace nibble::training {

/// Weights and arithmetic of one LSTM layer; gates in PyTorch's order: input, forget, cell, output.
struct LstmPart {
  std::unique_ptr<LayerArithmetic> of_input, of_state;  ///< its two kinds of GEMMs
  torch::Tensor input_weight, state_weight;              ///< [4 units, features, 1, 1], [4 units, units, 1, 1]
  torch::Tensor bias;                                    ///< [4 units], or undefined
  torch::Tensor input_clip, state_clip;                  ///< PACT's, [1]
};

/// The states of a sequence [n, length, features] -> [n, length, units], from a state of zeros; differentiable.
///
/// One GEMM multiplies every step's input; each step but the first has its recurrent GEMM, with dgrad and wgrad of its
/// own, weights quantised anew (the same), gradients checked against GradScale step by step. Gates are FP32.
[[nodiscard]] torch::Tensor lstm_states(const torch::Tensor& sequence, LstmPart& part, bool sequence_has_sign, bool reverse);

}  // namespace nibble::training
