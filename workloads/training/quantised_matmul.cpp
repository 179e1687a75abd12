#include "workloads/training/quantised_matmul.hpp"

#include <torch/torch.h>

#include <bit>
#include <utility>

#include "workloads/training/quantised_product.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

/// The gradient of an operand as it was, and that of its clip, from the gradient of what was multiplied.
std::pair<Tensor, Tensor> through_pact(const LayerArithmetic& layer, const std::string& format, const Tensor& values,
                                       const Tensor& gradient, const ClipRange& range) {
  if (!layer.has_clip()) return {gradient, Tensor{}};
  const PactOptions options{number_format(format).bits, range.clip, range.symmetric};
  PactGradient pact = pact_gradient(values_of(values), values_of(gradient), options);
  return {tensor_of(std::move(pact.input), values.sizes()), torch::full({1}, static_cast<float>(pact.clip))};
}

class Matmul : public torch::autograd::Function<Matmul> {
 public:
  /// a [h, m, k], b [h, k, n], contiguous.
  static Tensor forward(AutogradContext* context, const Tensor& a, const Tensor& b, const Tensor& clip_a,
                        const Tensor& clip_b, const MatmulShape& shape, LayerArithmetic& layer) {
    context->save_for_backward({a, b, clip_a, clip_b});
    context->saved_data["layer"] = std::bit_cast<std::int64_t>(&layer);  // autograd keeps only its own kinds of values
    context->saved_data["negative_a"] = shape.negative_a;
    context->saved_data["negative_b"] = shape.negative_b;
    const Operand left{layer.activations(GemmPass::fwd, values_of(a), {clip_a.item<double>(), shape.negative_a}), a};
    const Operand right{layer.second_activations(GemmPass::fwd, values_of(b), {clip_b.item<double>(), shape.negative_b}), b};
    return batched_product(layer, GemmPass::fwd, left.values, right.values, left.scale * right.scale);
  }

  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &a = saved[0], &b = saved[1];
    auto& layer = *std::bit_cast<LayerArithmetic*>(context->saved_data["layer"].toInt());
    const ClipRange range_a{saved[2].item<double>(), context->saved_data["negative_a"].toBool()};
    const ClipRange range_b{saved[3].item<double>(), context->saved_data["negative_b"].toBool()};
    const Tensor gradient = gradients[0].contiguous();
    GradientOperands copies = layer.gradients(values_of(gradient));
    const Operand for_a{std::move(copies.dgrad), gradient}, for_b{std::move(copies.wgrad), gradient};
    const Operand right{layer.second_activations(GemmPass::dgrad, values_of(b), range_b), b};
    const Operand left{layer.activations(GemmPass::wgrad, values_of(a), range_a), a};
    const Tensor da = batched_product(layer, GemmPass::dgrad, for_a.values, right.values.transpose(1, 2), for_a.scale * right.scale);
    const Tensor db = batched_product(layer, GemmPass::wgrad, left.values.transpose(1, 2), for_b.values, left.scale * for_b.scale);
    const Precision& precision = layer.precision();
    const auto [grad_a, grad_clip_a] = through_pact(layer, precision.fwd.a, a, da, range_a);
    const auto [grad_b, grad_clip_b] = through_pact(layer, precision.fwd.b, b, db, range_b);
    return {grad_a, grad_b, grad_clip_a, grad_clip_b, Tensor{}, Tensor{}};
  }
};

/// Every leading dimension together.
Tensor flat(const Tensor& tensor) { return tensor.reshape({-1, tensor.size(-2), tensor.size(-1)}).contiguous(); }

}  // namespace

Tensor quantised_matmul(const Tensor& a, const Tensor& b, const Tensor& clip_a, const Tensor& clip_b,
                        const MatmulShape& shape, LayerArithmetic& arithmetic) {
  const Tensor right = shape.transpose_b ? b.transpose(-2, -1) : b;
  const Tensor c = Matmul::apply(flat(a), flat(right), clip_a, clip_b, shape, arithmetic);
  std::vector<std::int64_t> sizes = a.sizes().vec();
  sizes.back() = right.size(-1);
  return c.reshape(sizes);
}

}  // namespace nibble::training
