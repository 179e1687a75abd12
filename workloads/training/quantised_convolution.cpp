#include "workloads/training/quantised_convolution.hpp"

#include <torch/torch.h>

#include <bit>
#include <utility>
#include <vector>

#include "models/base/check.hpp"
#include "workloads/training/patches.hpp"
#include "workloads/training/quantised_product.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

/// Rows of pixels to an image: [n x h x w, c] -> [n, c, h, w].
Tensor image_of(const Tensor& rows, std::int64_t n, std::int64_t h, std::int64_t w) {
  return rows.view({n, h, w, rows.size(1)}).permute({0, 3, 1, 2});
}

/// [n, c, h, w] -> [n x h x w, c].
Tensor rows_of(const Tensor& image) { return image.permute({0, 2, 3, 1}).reshape({-1, image.size(1)}); }

Tensor group_of(const Tensor& tensor, std::int64_t dimension, std::int64_t group, std::int64_t groups) {
  const std::int64_t size = tensor.size(dimension) / groups;
  return tensor.narrow(dimension, group * size, size);
}

Tensor joined(const std::vector<Tensor>& groups) {
  return groups.size() == 1 ? groups.front().contiguous() : torch::cat(groups, 1).contiguous();
}

Windows windows_of(const ConvolutionShape& shape) { return {shape.kernel, shape.stride, shape.padding}; }

struct Backward {
  const ConvolutionShape& shape;
  const LayerArithmetic& layer;

  /// Gradients as far apart as the windows were, with zeros around, so that dgrad is a convolution of stride 1.
  [[nodiscard]] Tensor spread(const Tensor& gradient, const Tensor& input) const {
    Tensor wide = torch::zeros({gradient.size(0), gradient.size(1), input.size(2) + shape.kernel[0] - 1,
                                input.size(3) + shape.kernel[1] - 1});
    Tensor place = wide;
    for (int d = 0; d < 2; ++d) {
      const std::int64_t first = shape.kernel[d] - 1 - shape.padding[d];
      place = place.slice(d + 2, first, first + (gradient.size(d + 2) - 1) * shape.stride[d] + 1, shape.stride[d]);
    }
    place.copy_(gradient);
    return wide;
  }

  [[nodiscard]] Tensor input_gradient(const Operand& gradient, const Operand& weight, const Tensor& input) const {
    constexpr std::int64_t kOne[2] = {1, 1}, kNone[2] = {0, 0};
    std::vector<Tensor> images;
    for (std::int64_t g = 0; g < shape.groups; ++g) {
      const Tensor a = patches(spread(group_of(gradient.values, 1, g, shape.groups), input), {shape.kernel, kOne, kNone});
      const Tensor turned = group_of(weight.values, 0, g, shape.groups).flip({2, 3});
      const Tensor b = turned.permute({0, 2, 3, 1}).reshape({-1, turned.size(1)});
      const Tensor rows = product(layer, GemmPass::dgrad, a, b, gradient.scale * weight.scale);
      images.push_back(image_of(rows, input.size(0), input.size(2), input.size(3)));
    }
    return joined(images);
  }

  [[nodiscard]] Tensor weight_gradient(const Operand& input, const Operand& gradient, const Tensor& weight) const {
    std::vector<Tensor> parts;
    for (std::int64_t g = 0; g < shape.groups; ++g) {
      const Tensor a = turned_patches(group_of(input.values, 1, g, shape.groups), windows_of(shape));
      const Tensor b = rows_of(group_of(gradient.values, 1, g, shape.groups));
      parts.push_back(product(layer, GemmPass::wgrad, a, b, input.scale * gradient.scale).t());
    }
    return torch::cat(parts, 0).reshape(weight.sizes());
  }
};

class Convolution : public torch::autograd::Function<Convolution> {
 public:
  static Tensor forward(AutogradContext* context, const Tensor& input, const Tensor& weight, const Tensor& clip,
                        const ConvolutionShape& shape, LayerArithmetic& layer) {
    context->save_for_backward({input, weight, clip});
    context->saved_data["shape"] = c10::List<std::int64_t>{shape.kernel[0], shape.kernel[1], shape.stride[0],
                                                            shape.stride[1], shape.padding[0], shape.padding[1],
                                                            shape.groups, shape.part, shape.negative_inputs ? 1 : 0};
    context->saved_data["layer"] = std::bit_cast<std::int64_t>(&layer);  // autograd keeps only its own kinds of values
    const ClipRange range{clip.item<double>(), shape.negative_inputs};
    layer.begin_part(static_cast<std::uint64_t>(shape.part));
    const Operand x{layer.activations(GemmPass::fwd, values_of(input), range), input};
    const Operand w{layer.weights(GemmPass::fwd, values_of(weight)), weight};
    std::vector<Tensor> images;
    for (std::int64_t g = 0; g < shape.groups; ++g) {
      const Tensor a = patches(group_of(x.values, 1, g, shape.groups), windows_of(shape));
      const Tensor b = group_of(w.values, 0, g, shape.groups).flatten(1).t();
      const Tensor rows = product(layer, GemmPass::fwd, a, b, x.scale * w.scale);
      images.push_back(image_of(rows, input.size(0), windows_of(shape).count(input, 0), windows_of(shape).count(input, 1)));
    }
    return joined(images);
  }

  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &input = saved[0], &weight = saved[1];
    const auto list = context->saved_data["shape"].toIntVector();
    const ConvolutionShape shape{{list[0], list[1]}, {list[2], list[3]}, {list[4], list[5]}, list[6], list[7], list[8] != 0};
    auto& layer = *std::bit_cast<LayerArithmetic*>(context->saved_data["layer"].toInt());
    const ClipRange range{saved[2].item<double>(), shape.negative_inputs};
    layer.begin_part(static_cast<std::uint64_t>(shape.part));
    const Tensor gradient = gradients[0].contiguous();
    const GradientOperands operands = layer.gradients(values_of(gradient));
    const Backward backward{shape, layer};
    const Operand x{layer.activations(GemmPass::wgrad, values_of(input), range), input};
    const Tensor for_weight = backward.weight_gradient(x, {operands.wgrad, gradient}, weight);
    if (!context->needs_input_grad(0) && !layer.has_clip()) return {Tensor{}, for_weight, Tensor{}, Tensor{}, Tensor{}};
    const Operand w{layer.weights(GemmPass::dgrad, values_of(weight)), weight};
    Tensor for_input = backward.input_gradient({operands.dgrad, gradient}, w, input);
    if (!layer.has_clip()) return {for_input, for_weight, Tensor{}, Tensor{}, Tensor{}};
    const PactOptions options{number_format(layer.precision().fwd.a).bits, range.clip, range.symmetric};
    const PactGradient pact = pact_gradient(values_of(input), values_of(for_input), options);
    const auto for_clip = torch::full({1}, static_cast<float>(pact.clip));
    return {tensor_of(pact.input, input.sizes()), for_weight, for_clip, Tensor{}, Tensor{}};
  }
};

}  // namespace

Tensor quantised_convolution(const Tensor& input, const Tensor& weight, const Tensor& clip,
                             const ConvolutionShape& shape, LayerArithmetic& arithmetic) {
  return Convolution::apply(input.contiguous(), weight, clip, shape, arithmetic);
}

}  // namespace nibble::training
