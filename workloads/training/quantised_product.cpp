#include "workloads/training/quantised_product.hpp"

#include <torch/torch.h>

#include <memory>

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

Tensor tensor_of(std::vector<float> values, at::IntArrayRef sizes) {
  auto owner = std::make_unique<std::vector<float>>(std::move(values));
  float* data = owner->data();
  return torch::from_blob(data, sizes, [keep = owner.release()](void*) { delete keep; }, torch::kFloat32);
}

Tensor product(const LayerArithmetic& layer, GemmPass pass, Matrix a, const Tensor& b, double scale) {
  const std::int64_t rows = static_cast<std::int64_t>(a.rows), depth = static_cast<std::int64_t>(a.columns);
  if (is_plain(layer, pass)) return finished(layer, pass, torch::mm(tensor_of(std::move(a.values), {rows, depth}), b), scale);
  Matrix right = matrix_of(b), result;
  scale *= layer.form_blocks(pass, a, right);
  if (layer.emulation() == Emulation::exact) {
    layer.multiply(pass, a, right, scale, result);
    return tensor_of(std::move(result.values), {rows, b.size(1)});
  }
  return finished(layer, pass, torch::mm(tensor_of(std::move(a.values), {rows, depth}), tensor_of(std::move(right.values), b.sizes())), scale);
}

Tensor batched_product(const LayerArithmetic& layer, GemmPass pass, const Tensor& a, const Tensor& b, double scale) {
  if (is_plain(layer, pass)) return finished(layer, pass, torch::bmm(a, b), scale);
  std::vector<Tensor> products;
  for (std::int64_t h = 0; h < a.size(0); ++h) products.push_back(product(layer, pass, matrix_of(a[h]), b[h], scale));
  return torch::stack(products);
}

}  // namespace nibble::training
