#include "workloads/training/patches.hpp"

#include <torch/torch.h>

#include <algorithm>

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

/// What one tap of the windows reads of one row of the image, as the outputs of one row do.
struct Stretch {
  const float* from;
  std::int64_t tap, output, count;
};

/// Calls visit(stretch) row by row of the outputs, so that what is written lies close together; padding is left out.
template <class Visit>
void each_stretch(const Tensor& image, const Windows& w, Visit visit) {
  const std::int64_t channels = image.size(1), height = image.size(2), width = image.size(3);
  const std::int64_t rows = w.count(image, 0), columns = w.count(image, 1);
  const auto* pixels = image.data_ptr<float>();
  for (std::int64_t line = 0; line < image.size(0) * rows; ++line) {
    const float* sample = pixels + line / rows * channels * height * width;
    const std::int64_t top = line % rows * w.stride[0] - w.padding[0];
    for (std::int64_t ckh = 0; ckh < channels * w.kernel[0]; ++ckh) {
      const std::int64_t y = top + ckh % w.kernel[0];
      if (y < 0 || y >= height) continue;
      const float* row = sample + (ckh / w.kernel[0] * height + y) * width;
      for (std::int64_t kw = 0; kw < w.kernel[1]; ++kw) {
        const std::int64_t shift = kw - w.padding[1];
        const Range x{shift, w.stride[1], width, columns};
        visit(Stretch{row + x.first * w.stride[1] + shift, ckh * w.kernel[1] + kw, line * columns + x.first, x.last - x.first});
      }
    }
  }
}

Tensor zeros(std::int64_t rows, std::int64_t columns) { return torch::zeros({rows, columns}, torch::kFloat32); }

}  // namespace

Tensor patches(const Tensor& image, const Windows& w) {
  const Tensor plain = image.contiguous();
  const std::int64_t taps = image.size(1) * w.kernel[0] * w.kernel[1], step = w.stride[1];
  Tensor result = zeros(image.size(0) * w.count(image, 0) * w.count(image, 1), taps);
  auto* out = result.data_ptr<float>();
  each_stretch(plain, w, [=](const Stretch& s) {
    float* to = out + s.output * taps + s.tap;
    for (std::int64_t i = 0; i < s.count; ++i) to[i * taps] = s.from[i * step];
  });
  return result;
}

Tensor turned_patches(const Tensor& image, const Windows& w) {
  const Tensor plain = image.contiguous();
  const std::int64_t outputs = image.size(0) * w.count(image, 0) * w.count(image, 1), step = w.stride[1];
  Tensor result = zeros(image.size(1) * w.kernel[0] * w.kernel[1], outputs);
  auto* out = result.data_ptr<float>();
  each_stretch(plain, w, [=](const Stretch& s) {
    float* to = out + s.tap * outputs + s.output;
    for (std::int64_t i = 0; i < s.count; ++i) to[i] = s.from[i * step];
  });
  return result;
}

}  // namespace nibble::training
