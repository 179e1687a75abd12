#pragma once

#include <torch/types.h>

#include "workloads/training/layer_arithmetic.hpp"

namespace nibble::training {

/// A product of two activations, as attention has them.
struct MatmulShape {
  bool transpose_b = false;
  bool negative_a = true, negative_b = true;  ///< a factor may have a sign, which PACT then keeps
};

/// `a` [..., m, k] by `b` [..., k, n], or [..., n, k] with transpose_b; differentiable.
///
/// fwd, dA = dC Bt in the formats of dgrad, dB = At dC in those of wgrad: as the lowering charges them. `clip_a` and
/// `clip_b` [1] are PACT's, one a factor. `arithmetic` must outlive the backward pass.
[[nodiscard]] torch::Tensor quantised_matmul(const torch::Tensor& a, const torch::Tensor& b, const torch::Tensor& clip_a,
                                             const torch::Tensor& clip_b, const MatmulShape& shape,
                                             LayerArithmetic& arithmetic);

}  // namespace nibble::training
