#include "workloads/training/quantised_product.hpp"

#include <torch/torch.h>

#include <algorithm>

#include "models/base/check.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;

Matrix matrix_of(const Tensor& tensor) {
  const Tensor plain = tensor.contiguous();
  Matrix matrix;
  matrix.rows = static_cast<std::size_t>(plain.size(0));
  matrix.columns = static_cast<std::size_t>(plain.size(1));
  const std::span<const float> values = values_of(plain);
  matrix.values.assign(values.begin(), values.end());
  return matrix;
}

bool has_blocks(const Precision& precision, GemmPass pass) {
  const GemmFormats& formats = formats_of(precision, pass);
  return find_block_format(formats.a) != nullptr || find_block_format(formats.b) != nullptr;
}

/// Multiplied by libtorch: FP32 sums, then the output's format.
bool is_plain(const LayerArithmetic& layer, GemmPass pass) {
  return layer.emulation() == Emulation::fast && !has_blocks(layer.precision(), pass);
}

Tensor finished(const LayerArithmetic& layer, GemmPass pass, Tensor c, double scale) {
  layer.finish(pass, {c.data_ptr<float>(), static_cast<std::size_t>(c.numel())}, scale);
  return c;
}

}  // namespace

std::span<const float> values_of(const Tensor& contiguous) {
  NIBBLE_CHECK(contiguous.is_contiguous() && contiguous.scalar_type() == torch::kFloat32, "no plain FP32 tensor");
  return {contiguous.data_ptr<float>(), static_cast<std::size_t>(contiguous.numel())};
}

Tensor tensor_of(const std::vector<float>& values, at::IntArrayRef sizes) {
  Tensor tensor = torch::empty(sizes, torch::kFloat32);
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  return tensor;
}

Tensor product(const LayerArithmetic& layer, GemmPass pass, const Tensor& a, const Tensor& b, double scale) {
  if (is_plain(layer, pass)) return finished(layer, pass, torch::mm(a, b), scale);
  Matrix left = matrix_of(a), right = matrix_of(b), result;
  scale *= layer.form_blocks(pass, left, right);
  if (layer.emulation() == Emulation::exact) {
    layer.multiply(pass, left, right, scale, result);
    return tensor_of(result.values, {a.size(0), b.size(1)});
  }
  return finished(layer, pass, torch::mm(tensor_of(left.values, a.sizes()), tensor_of(right.values, b.sizes())), scale);
}

Tensor batched_product(const LayerArithmetic& layer, GemmPass pass, const Tensor& a, const Tensor& b, double scale) {
  if (is_plain(layer, pass)) return finished(layer, pass, torch::bmm(a, b), scale);
  std::vector<Tensor> products;
  for (std::int64_t h = 0; h < a.size(0); ++h) products.push_back(product(layer, pass, a[h], b[h], scale));
  return torch::stack(products);
}

}  // namespace nibble::training
