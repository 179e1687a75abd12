#pragma once

#include <torch/types.h>

#include <cstdint>

#include "workloads/training/layer_arithmetic.hpp"

namespace nibble::training {

/// How a convolution lies on its image: height, width. A linear layer is a 1 x 1 convolution of 1 x 1 images.
struct ConvolutionShape {
  std::int64_t kernel[2] = {1, 1};
  std::int64_t stride[2] = {1, 1};
  std::int64_t padding[2] = {0, 0};  ///< less than the kernel
  std::int64_t groups = 1;
  std::int64_t part = 0;         ///< which of a step's products with these weights: each has random bits of its own
  bool negative_inputs = false;  ///< the input may have a sign, which PACT then keeps
};

/// Convolution of `input` [n, c, h, w] by `weight` [o, c / groups, kh, kw], without bias, differentiable.
///
/// fwd, dgrad and wgrad are the GEMMs of `arithmetic`: fwd sums over c x kh x kw, dgrad over o x kh x kw (zeros between
/// the gradients of a strided convolution), wgrad over n x oh x ow. Gradients pass the quantisers straight through;
/// where PACT clipped an input nothing passes, and `clip` [1] gets the sum of what it clipped. `arithmetic` must
/// outlive the backward pass.
[[nodiscard]] torch::Tensor quantised_convolution(const torch::Tensor& input, const torch::Tensor& weight,
                                                  const torch::Tensor& clip, const ConvolutionShape& shape,
                                                  LayerArithmetic& arithmetic);

}  // namespace nibble::training
