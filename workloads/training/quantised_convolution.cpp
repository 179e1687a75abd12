#include "workloads/training/quantised_convolution.hpp"

#include <torch/torch.h>

#include <algorithm>
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

/// Rows of pixels become the channels from `channel` on of the images from `first` on: [n x h x w, c] -> [n, c, h, w].
void place(const Tensor& rows, Tensor& images, std::int64_t first, std::int64_t channel) {
  const std::int64_t channels = rows.size(1), pixels = images.size(2) * images.size(3), count = rows.size(0) / pixels;
  const float* from = rows.data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i, from += pixels * channels) {
    float* to = images.data_ptr<float>() + ((first + i) * images.size(1) + channel) * pixels;
    for (std::int64_t c = 0; c < channels; ++c, to += pixels) {
      for (std::int64_t p = 0; p < pixels; ++p) to[p] = from[p * channels + c];
    }
  }
}

/// [n, c, h, w] -> [n x h x w, c].
Tensor rows_of(const Tensor& image) { return image.permute({0, 2, 3, 1}).reshape({-1, image.size(1)}); }

Tensor group_of(const Tensor& tensor, std::int64_t dimension, std::int64_t group, std::int64_t groups) {
  const std::int64_t size = tensor.size(dimension) / groups;
  return tensor.narrow(dimension, group * size, size);
}

Windows windows_of(const ConvolutionShape& shape) { return {shape.kernel, shape.stride, shape.padding}; }

/// `images` [n, c, h, w], of which a GEMM makes the channels of each group: windows (images from `first`, so many, of a group)
/// by weights (of the group). A few images at a time, so that their windows stay in a core's cache, where that changes no bit.
template <class WindowsOf, class WeightsOf>
void multiply_images(const LayerArithmetic& layer, GemmPass pass, std::int64_t groups, double scale, Tensor& images,
                     WindowsOf windows, WeightsOf weights) {
  constexpr std::int64_t kElements = 1 << 17;  // half a MiB
  const std::int64_t all = images.size(0);
  for (std::int64_t g = 0; g < groups; ++g) {
    const Tensor b = weights(g);
    const std::int64_t image = images.size(2) * images.size(3) * b.size(0);
    const std::int64_t together = layer.rows_stand_alone(pass) ? std::clamp<std::int64_t>(kElements / image, 1, all) : all;
    for (std::int64_t first = 0; first < all; first += together) {
      Matrix a = windows(g, first, std::min(together, all - first));
      place(product(layer, pass, std::move(a), b, scale), images, first, g * b.size(1));
    }
  }
}

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

  /// Windows on the spread gradients; where they are not apart, padding does what zeros around would.
  [[nodiscard]] Matrix gradient_patches(const Tensor& gradient, const Tensor& input) const {
    constexpr std::int64_t kOne[2] = {1, 1}, kNone[2] = {0, 0};
    if (shape.stride[0] != 1 || shape.stride[1] != 1) return patches(spread(gradient, input), {shape.kernel, kOne, kNone});
    const std::int64_t around[2] = {shape.kernel[0] - 1 - shape.padding[0], shape.kernel[1] - 1 - shape.padding[1]};
    return patches(gradient, {shape.kernel, kOne, around});
  }

  [[nodiscard]] Tensor input_gradient(const Operand& gradient, const Operand& weight, const Tensor& input) const {
    Tensor images = torch::empty(input.sizes(), torch::kFloat32);
    multiply_images(
        layer, GemmPass::dgrad, shape.groups, gradient.scale * weight.scale, images,
        [&](std::int64_t g, std::int64_t first, std::int64_t count) {
          return gradient_patches(group_of(gradient.values, 1, g, shape.groups).narrow(0, first, count), input);
        },
        [&](std::int64_t g) {
          const Tensor turned = group_of(weight.values, 0, g, shape.groups).flip({2, 3});
          return turned.permute({0, 2, 3, 1}).reshape({-1, turned.size(1)});
        });
    return images;
  }

  [[nodiscard]] Tensor weight_gradient(const Operand& input, const Operand& gradient, const Tensor& weight) const {
    std::vector<Tensor> parts;
    for (std::int64_t g = 0; g < shape.groups; ++g) {
      Matrix a = turned_patches(group_of(input.values, 1, g, shape.groups), windows_of(shape));
      const Tensor b = rows_of(group_of(gradient.values, 1, g, shape.groups));
      parts.push_back(product(layer, GemmPass::wgrad, std::move(a), b, input.scale * gradient.scale).t());
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
    const Windows windows = windows_of(shape);
    Tensor images = torch::empty({input.size(0), weight.size(0), windows.count(input, 0), windows.count(input, 1)}, torch::kFloat32);
    multiply_images(
        layer, GemmPass::fwd, shape.groups, x.scale * w.scale, images,
        [&](std::int64_t g, std::int64_t first, std::int64_t count) {
          return patches(group_of(x.values, 1, g, shape.groups).narrow(0, first, count), windows);
        },
        [&](std::int64_t g) { return group_of(w.values, 0, g, shape.groups).flatten(1).t(); });
    return images;
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
    GradientOperands operands = layer.gradients(values_of(gradient));
    const Backward backward{shape, layer};
    const Operand x{layer.activations(GemmPass::wgrad, values_of(input), range), input};
    const Tensor for_weight = backward.weight_gradient(x, {std::move(operands.wgrad), gradient}, weight);
    if (!context->needs_input_grad(0) && !layer.has_clip()) return {Tensor{}, for_weight, Tensor{}, Tensor{}, Tensor{}};
    const Operand w{layer.weights(GemmPass::dgrad, values_of(weight)), weight};
    Tensor for_input = backward.input_gradient({std::move(operands.dgrad), gradient}, w, input);
    if (!layer.has_clip()) return {for_input, for_weight, Tensor{}, Tensor{}, Tensor{}};
    const PactOptions options{number_format(layer.precision().fwd.a).bits, range.clip, range.symmetric};
    PactGradient pact = pact_gradient(values_of(input), values_of(for_input), options);
    const auto for_clip = torch::full({1}, static_cast<float>(pact.clip));
    return {tensor_of(std::move(pact.input), input.sizes()), for_weight, for_clip, Tensor{}, Tensor{}};
  }
};

}  // namespace

Tensor quantised_convolution(const Tensor& input, const Tensor& weight, const Tensor& clip,
                             const ConvolutionShape& shape, LayerArithmetic& arithmetic) {
  return Convolution::apply(input.contiguous(), weight, clip, shape, arithmetic);
}

}  // namespace nibble::training
