#pragma once

#include <torch/types.h>

#include <span>
#include <utility>
#include <vector>

#include "workloads/training/layer_arithmetic.hpp"

namespace nibble::training {

/// The elements of a contiguous FP32 tensor.
[[nodiscard]] std::span<const float> values_of(const torch::Tensor& contiguous);
/// Takes the values over.
[[nodiscard]] torch::Tensor tensor_of(std::vector<float> values, at::IntArrayRef sizes);

/// A quantised tensor and the factor that the array leaves to its output.
struct Operand {
  torch::Tensor values;
  double scale = 1.0;

  Operand(Quantised quantised, const torch::Tensor& like)
      : values{tensor_of(std::move(quantised.values), like.sizes())}, scale{quantised.scale} {}
};

/// scale x A x B, [m, k] by [k, n], as the layer's array and recipe have it.
[[nodiscard]] torch::Tensor product(const LayerArithmetic& layer, GemmPass pass, Matrix a, const torch::Tensor& b, double scale);

/// The same for each of a batch: [h, m, k] by [h, k, n].
[[nodiscard]] torch::Tensor batched_product(const LayerArithmetic& layer, GemmPass pass, const torch::Tensor& a,
                                            const torch::Tensor& b, double scale);

}  // namespace nibble::training
