#pragma once

#include <cstdint>
#include <string>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"

namespace nibble {

/// The kinds of element-wise and reducing work that a step asks of the special-function units.
enum class VectorKind : std::uint8_t {
  copy,
  zero_fill,
  rescale,
  bias_add,
  bias_gradient,
  batch_norm_statistics,
  scale_shift,
  batch_norm_backward_reduce,
  batch_norm_backward_apply,
  layer_norm,
  layer_norm_backward,
  l2_norm,
  l2_norm_backward,
  relu,
  relu_backward,
  relu6,
  relu6_backward,
  leaky_relu,
  leaky_relu_backward,
  gelu,
  gelu_backward,
  sigmoid,
  sigmoid_backward,
  tanh,
  tanh_backward,
  silu,
  silu_backward,
  lstm_gates,
  lstm_gates_backward,
  lstm_cell,
  lstm_cell_backward,
  add,
  multiply,
  multiply_backward,
  broadcast_gradient,
  dropout,
  dropout_backward,
  max_pool,
  max_pool_index,
  max_pool_backward,
  avg_pool,
  avg_pool_backward,
  global_avg_pool,
  global_avg_pool_backward,
  upsample,
  upsample_backward,
  softmax,
  softmax_backward,
  loss,
  loss_backward,
  box_matching,
  box_coordinates,
  smooth_l1,
  smooth_l1_backward,
  hard_negative_mining,
  logistic_loss,
  logistic_loss_backward,
  embedding_gather,
  embedding_scatter_add,
  cast,
  pact_quantise,
  pact_mask,
  pact_backward,
  sawb_statistics,
  sawb_quantise,
  gradient_max,
  two_phase_quantise,
  sgd_momentum,
  adam,
  stochastic_rounding,
};

/// Lane operations (one lane, one cycle: an add, a multiply, a fused multiply-add, a compare-and-select or a
/// conversion) that one element costs. Pools and upsample_backward: for each window tap of each output element, and
/// max_pool_backward for each output element. Reasoning for every figure: vector_cost.cpp.
[[nodiscard]] double lane_ops_per_element(VectorKind kind);

/// How often this kind of work sums all its elements along rows: a softmax twice (largest number, sum), ...; 0 for most.
[[nodiscard]] unsigned row_sums(VectorKind kind);

/// Lane slots in which lanes wait while `summed` elements are brought down to sums, `stored_sums` of which leave the lanes:
/// additions to one sum depend on each other, so only `reduction_lanes` of a core's lanes have work, and a sum leaves
/// after `row_cycles` in which the lanes' parts of it come together. 0 on a machine without those limits.
[[nodiscard]] std::uint64_t summing_waits(const Core& core, Elements summed, std::uint64_t stored_sums);

/// For people: "batch_norm statistics", "quantise (pact)".
[[nodiscard]] std::string to_string(VectorKind kind);

}  // namespace nibble
