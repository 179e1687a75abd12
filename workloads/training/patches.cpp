#include "workloads/training/patches.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cstring>

namespace nibble::training {
namespace {

using torch::Tensor;

/// Which outputs along one dimension read an element that exists: 0 <= output * stride + shift < size.
struct Range {
  std::int64_t first, last;  ///< last: one beyond

  Range(std::int64_t shift, std::int64_t stride, std::int64_t size, std::int64_t outputs) {
    first = std::min(shift >= 0 ? 0 : (-shift + stride - 1) / stride, outputs);
    last = std::clamp((size - shift + stride - 1) / stride, first, outputs);
  }
};

/// Windows on an image, their extents by name.
struct Geometry {
  std::int64_t channels, height, width, rows, columns;

  Geometry(const Tensor& image, const Windows& w)
      : channels{image.size(1)}, height{image.size(2)}, width{image.size(3)}, rows{w.count(image, 0)}, columns{w.count(image, 1)} {}
};

Matrix matrix(std::int64_t rows, std::int64_t columns) { return {static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)}; }

/// Copies the part of each window's row that lies in the image; `kWidth`: of the kernel where it is known, else 0.
template <std::int64_t kWidth>
void fill_patches(const float* pixels, std::int64_t samples, const Geometry& g, const Windows& w, float* out) {
  const std::int64_t kernel = kWidth == 0 ? w.kernel[1] : kWidth;
  for (std::int64_t line = 0; line < samples * g.rows; ++line) {
    const float* sample = pixels + line / g.rows * g.channels * g.height * g.width;
    const std::int64_t top = line % g.rows * w.stride[0] - w.padding[0];
    const std::int64_t first = std::max<std::int64_t>(0, -top), last = std::min(w.kernel[0], g.height - top);
    for (std::int64_t column = 0; column < g.columns; ++column) {
      const std::int64_t left = column * w.stride[1] - w.padding[1];
      const bool inside = left >= 0 && left + kernel <= g.width;
      const std::int64_t begin = inside ? 0 : std::max<std::int64_t>(0, -left), end = inside ? kernel : std::min(kernel, g.width - left);
      for (std::int64_t c = 0; c < g.channels; ++c, out += w.kernel[0] * kernel) {
        for (std::int64_t y = first; y < last; ++y) {
          const float* row = sample + (c * g.height + top + y) * g.width + left;
          float* to = out + y * kernel;
          if (kWidth != 0 && inside) {
            std::memcpy(to, row, kWidth * sizeof(float));
          } else {
            for (std::int64_t x = begin; x < end; ++x) to[x] = row[x];
          }
        }
      }
    }
  }
}

/// Copies what one tap of all windows of a row reads; taps are rows of `out`, `outputs` long.
void fill_turned(const float* pixels, std::int64_t samples, const Geometry& g, const Windows& w, float* out) {
  const std::int64_t outputs = samples * g.rows * g.columns, step = w.stride[1];
  for (std::int64_t line = 0; line < samples * g.rows; ++line) {
    const float* sample = pixels + line / g.rows * g.channels * g.height * g.width;
    const std::int64_t top = line % g.rows * w.stride[0] - w.padding[0];
    for (std::int64_t ckh = 0; ckh < g.channels * w.kernel[0]; ++ckh) {
      const std::int64_t y = top + ckh % w.kernel[0];
      if (y < 0 || y >= g.height) continue;
      const float* row = sample + (ckh / w.kernel[0] * g.height + y) * g.width;
      for (std::int64_t kw = 0; kw < w.kernel[1]; ++kw) {
        const std::int64_t shift = kw - w.padding[1];
        const Range x{shift, step, g.width, g.columns};
        const float* from = row + x.first * step + shift;
        float* to = out + (ckh * w.kernel[1] + kw) * outputs + line * g.columns + x.first;
        for (std::int64_t i = 0; i < x.last - x.first; ++i) to[i] = from[i * step];
      }
    }
  }
}

}  // namespace

Matrix patches(const Tensor& image, const Windows& w) {
  const Tensor plain = image.contiguous();
  const Geometry g{plain, w};
  Matrix result = matrix(plain.size(0) * g.rows * g.columns, g.channels * w.kernel[0] * w.kernel[1]);
  const auto fill = w.kernel[1] == 1 ? fill_patches<1> : w.kernel[1] == 3 ? fill_patches<3> : w.kernel[1] == 5 ? fill_patches<5> : fill_patches<0>;
  fill(plain.data_ptr<float>(), plain.size(0), g, w, result.values.data());
  return result;
}

Matrix turned_patches(const Tensor& image, const Windows& w) {
  const Tensor plain = image.contiguous();
  const Geometry g{plain, w};
  Matrix result = matrix(g.channels * w.kernel[0] * w.kernel[1], plain.size(0) * g.rows * g.columns);
  fill_turned(plain.data_ptr<float>(), plain.size(0), g, w, result.values.data());
  return result;
}

}  // namespace nibble::training
