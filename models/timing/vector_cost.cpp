#include "models/timing/vector_cost.hpp"

#include "models/base/check.hpp"

namespace nibble {
namespace {

/// One pass of an element through a lane: add, multiply, FMA, compare-and-select, convert.
constexpr double kOp = 1.0;
/// exp, log, erf, tanh, sigmoid, reciprocal, square root: 4 times element-wise work (source: ktir-cpu, the
/// public functional model of the family's compiler; an estimate by its authors).
constexpr double kTranscendental = 4.0;

struct VectorCost {
  const char* name;
  double lane_ops;
};

// ESTIMATE for every figure below: operations counted from the formula in the comment; an absolute value, a
// negation and a comparison with zero are operand modifiers and cost nothing; scalars of a row or a channel
// (mean, reciprocal, scale) are computed once for it and cost nothing an element.
VectorCost vector_cost(VectorKind kind) {
  switch (kind) {
    case VectorKind::copy: return {"copy", kOp};
    case VectorKind::zero_fill: return {"zero fill", kOp};
    case VectorKind::rescale: return {"rescale", kOp};              // c * (scale_a * scale_b)
    case VectorKind::bias_add: return {"bias", kOp};                // c * scale + bias, one FMA
    case VectorKind::bias_gradient: return {"bias gradient", kOp};  // sum += g
    // sum += x; squares += x * x
    case VectorKind::batch_norm_statistics: return {"batch_norm statistics", 2 * kOp};
    case VectorKind::scale_shift: return {"batch_norm scale and shift", kOp};  // x * a + b
    // Sum g and sum g * x; the mean and the deviation enter once a channel.
    case VectorKind::batch_norm_backward_reduce: return {"batch_norm backward sums", 2 * kOp};
    case VectorKind::batch_norm_backward_apply: return {"batch_norm backward", 2 * kOp};  // a * g + (b * x + c)
    // Sum, sum of squares, (x - mean) / deviation, * gamma + beta
    case VectorKind::layer_norm: return {"layer_norm", 4 * kOp};
    // Normalised x again; gamma's and beta's sums; g * gamma; its two row sums; a * g + (b * x + c)
    case VectorKind::layer_norm_backward: return {"layer_norm backward", 8 * kOp};
    // Sum of squares; x * (1 / length), * scale
    case VectorKind::l2_norm: return {"l2_norm", 3 * kOp};
    // g * scale; row sum of that * x; a * g + b * x; scale's sum of g * x / length
    case VectorKind::l2_norm_backward: return {"l2_norm backward", 6 * kOp};
    case VectorKind::relu: return {"relu", kOp};
    case VectorKind::relu_backward: return {"relu backward", kOp};
    case VectorKind::relu6: return {"relu6", 2 * kOp};  // max, min
    case VectorKind::relu6_backward: return {"relu6 backward", kOp};
    case VectorKind::leaky_relu: return {"leaky_relu", 2 * kOp};  // x * slope; max with x
    case VectorKind::leaky_relu_backward: return {"leaky_relu backward", 2 * kOp};  // g * slope; select
    // x / sqrt 2; erf; 0.5 * erf + 0.5; * x
    case VectorKind::gelu: return {"gelu", kTranscendental + 3 * kOp};
    // The cumulative normal as above without the last product (6), x * x, exp, FMA of the two, * g
    case VectorKind::gelu_backward: return {"gelu backward", 2 * kTranscendental + 5 * kOp};
    case VectorKind::sigmoid: return {"sigmoid", kTranscendental};
    case VectorKind::sigmoid_backward: return {"sigmoid backward", 2 * kOp};  // t = g * y; t - t * y
    case VectorKind::tanh: return {"tanh", kTranscendental};
    case VectorKind::tanh_backward: return {"tanh backward", 2 * kOp};  // t = g * y; g - t * y
    case VectorKind::silu: return {"silu", kTranscendental + kOp};
    // s = sigmoid(x); g * s * (1 + x * (1 - s))
    case VectorKind::silu_backward: return {"silu backward", kTranscendental + 4 * kOp};
    // State's product + input's; sigmoid or tanh. For each gate of each unit
    case VectorKind::lstm_gates: return {"lstm gates", kTranscendental + kOp};
    case VectorKind::lstm_gates_backward: return {"lstm gates backward", 2 * kOp};  // as sigmoid's and tanh's
    // f * c, + i * g; tanh; * o. For each unit, as the next
    case VectorKind::lstm_cell: return {"lstm cell", kTranscendental + 3 * kOp};
    // tanh c; dh * tanh c (do); dh * o; 1 - tanh c squared; dc + the product; dc * g, * c before, * i, * f
    case VectorKind::lstm_cell_backward: return {"lstm cell backward", kTranscendental + 8 * kOp};
    case VectorKind::add: return {"add", kOp};
    case VectorKind::multiply: return {"multiply", kOp};
    case VectorKind::multiply_backward: return {"multiply backward", kOp};
    case VectorKind::broadcast_gradient: return {"broadcast gradient", kOp};
    // Draw a number, compare with the rate, select 0 or x / (1 - rate).
    case VectorKind::dropout: return {"dropout", 3 * kOp};
    case VectorKind::dropout_backward: return {"dropout backward", kOp};
    case VectorKind::max_pool: return {"max pool", kOp};
    case VectorKind::max_pool_index: return {"max pool index", kOp};
    // Decode the index, add into the chosen input's gradient.
    case VectorKind::max_pool_backward: return {"max pool backward", 2 * kOp};
    case VectorKind::avg_pool: return {"average pool", kOp};
    case VectorKind::avg_pool_backward: return {"average pool backward", kOp};
    case VectorKind::global_avg_pool: return {"global average pool", kOp};
    case VectorKind::global_avg_pool_backward: return {"global average pool backward", kOp};
    case VectorKind::upsample: return {"upsample", kOp};
    case VectorKind::upsample_backward: return {"upsample backward", kOp};  // sum += g
    // Row maximum; x - max; exp; row sum; * 1 / sum
    case VectorKind::softmax: return {"softmax", kTranscendental + 4 * kOp};
    case VectorKind::softmax_backward: return {"softmax backward", 3 * kOp};  // row sum of g * y; (g - sum) * y
    case VectorKind::loss: return {"softmax cross entropy", kTranscendental + 4 * kOp};  // as softmax
    case VectorKind::loss_backward: return {"loss backward", 2 * kOp};  // (p - (class = label)) * 1 / samples
    // Intersection over union, for each pair of a box and an object: 4 corners by max or min, 2 sides, 2 times max with 0,
    // their product, the union (2), its reciprocal, the product, compare and select
    case VectorKind::box_matching: return {"box matching", kTranscendental + 13 * kOp};
    // Half of a box's coordinates: scale and offset; the other half: scale, exp or log, offset
    case VectorKind::box_coordinates: return {"box coordinates", 0.5 * (kTranscendental + 3 * kOp)};
    // Difference, 0.5 * d * d (2), |d| - 0.5, select, sum
    case VectorKind::smooth_l1: return {"smooth l1 loss", 6 * kOp};
    case VectorKind::smooth_l1_backward: return {"smooth l1 backward", 2 * kOp};  // clamp to -1, 1
    // For each box, the threshold found bit by bit: compare and count, for each of 16 bits; then select
    case VectorKind::hard_negative_mining: return {"hard negative mining", 33 * kOp};
    // Sigmoid, logarithm, select, sum
    case VectorKind::logistic_loss: return {"logistic loss", 2 * kTranscendental + 2 * kOp};
    case VectorKind::logistic_loss_backward: return {"logistic loss backward", 2 * kOp};  // (p - t) * mask
    case VectorKind::embedding_gather: return {"embedding gather", kOp};
    case VectorKind::embedding_scatter_add: return {"embedding scatter-add", kOp};
    case VectorKind::cast: return {"quantise (cast)", kOp};
    // Every scaled quantiser: one multiply by the scale, one conversion that rounds and saturates.
    case VectorKind::pact_quantise: return {"quantise (pact)", 2 * kOp};
    case VectorKind::pact_mask: return {"pact mask", kOp};           // x < alpha
    case VectorKind::pact_backward: return {"pact backward", 2 * kOp};  // select g or 0; add the other to alpha's
    case VectorKind::sawb_statistics: return {"sawb statistics", 2 * kOp};  // sum += |w|; squares += w * w
    case VectorKind::sawb_quantise: return {"quantise (sawb)", 2 * kOp};
    case VectorKind::gradient_max: return {"gradscale maximum", kOp};
    case VectorKind::two_phase_quantise: return {"quantise (two-phase)", 2 * kOp};  // for each of the two grids
    // g += decay * w; v = momentum * v + g; w -= rate * v
    case VectorKind::sgd_momentum: return {"sgd momentum", 3 * kOp};
    // g += decay * w (1); m = b1 m + (1 - b1) g (2); v = b2 v + (1 - b2) g g (3);
    // square root of v, + epsilon (1), reciprocal, * m (1), w -= rate * that (1)
    case VectorKind::adam: return {"adam", 2 * kTranscendental + 9 * kOp};
    case VectorKind::stochastic_rounding: return {"stochastic rounding", kOp};  // + random below the kept bits
  }
  throw InternalError{"vector_cost: kind outside the enumeration"};
}

}  // namespace

double lane_ops_per_element(VectorKind kind) { return vector_cost(kind).lane_ops; }

unsigned row_sums(VectorKind kind) {
  switch (kind) {
    case VectorKind::softmax:              // largest, sum
    case VectorKind::layer_norm:           // sum, sum of squares
    case VectorKind::layer_norm_backward:  // its two row sums
      return 2;
    case VectorKind::softmax_backward:  // sum of g * y
    case VectorKind::l2_norm:           // sum of squares
    case VectorKind::l2_norm_backward:  // sum of g * x
      return 1;
    default: return 0;
  }
}

std::uint64_t summing_waits(const Core& core, Elements summed, std::uint64_t stored_sums) {
  const SfuArrays& sfu = core.sfu;
  const std::uint64_t lanes = std::uint64_t{sfu.arrays} * sfu.units * sfu.lanes * core.corelets;
  std::uint64_t waits = stored_sums * sfu.row_cycles * lanes;
  if (sfu.reduction_lanes > 0 && sfu.reduction_lanes < lanes) {
    waits += summed.value() * (lanes - sfu.reduction_lanes) / sfu.reduction_lanes;
  }
  return waits;
}

std::string to_string(VectorKind kind) { return vector_cost(kind).name; }

}  // namespace nibble
