#pragma once

#include <torch/types.h>

#include <cstdint>

#include "models/gemm/gemm.hpp"

namespace nibble::training {

/// How windows lie on an image: height, width.
struct Windows {
  const std::int64_t (&kernel)[2];
  const std::int64_t (&stride)[2];
  const std::int64_t (&padding)[2];  ///< zeros all around, before the first window

  [[nodiscard]] std::int64_t count(const torch::Tensor& image, int dimension) const {
    return (image.size(dimension + 2) + 2 * padding[dimension] - kernel[dimension]) / stride[dimension] + 1;
  }
};

/// Windows of an image [n, c, h, w], a row each: [n x oh x ow, c x kh x kw].
[[nodiscard]] Matrix patches(const torch::Tensor& image, const Windows& windows);

/// The same, a column each: [c x kh x kw, n x oh x ow].
[[nodiscard]] Matrix turned_patches(const torch::Tensor& image, const Windows& windows);

}  // namespace nibble::training
