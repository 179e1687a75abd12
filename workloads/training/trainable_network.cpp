#include "workloads/training/trainable_network.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <utility>

#include "models/base/check.hpp"
#include "workloads/lowering/precision.hpp"
#include "workloads/training/quantised_convolution.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;

std::int64_t as_int(std::uint64_t value) { return static_cast<std::int64_t>(value); }

bool multiplies(const Layer& layer) { return layer.kind == LayerKind::conv2d || layer.kind == LayerKind::linear; }

void require_trainable(const Network& network, const Layer& layer) {
  const auto refuse = [&](const std::string& what) {
    throw InputError{"TRAIN-LAYER", fmt::format("{}: layer '{}' {}", network.file, layer.name, what),
                     "nibble train knows conv2d, linear, batch_norm, relu, relu6, pools, add, reshape and loss on images"};
  };
  switch (layer.kind) {
    case LayerKind::conv2d:
      for (int d = 0; d < 2; ++d) {
        if (layer.window.dilation[d] != 1) refuse("is dilated");
        if (layer.window.padding[d] >= layer.window.kernel[d]) refuse("has padding as wide as its kernel");
      }
      break;
    case LayerKind::input:
      if (layer.output.size() != 3) refuse("is no image");
      break;
    case LayerKind::linear: case LayerKind::batch_norm: case LayerKind::relu: case LayerKind::relu6:
    case LayerKind::max_pool: case LayerKind::avg_pool: case LayerKind::global_avg_pool: case LayerKind::add:
    case LayerKind::loss:
      break;
    case LayerKind::reshape:
      if (layer.slice) refuse("takes a part of its input");
      break;
    default:
      refuse(fmt::format("is a {}", to_string(layer.kind)));
  }
  if (!layer.shares_weights_with.empty()) refuse("shares its weights");
}

torch::ExpandingArray<2> pair(const std::uint64_t (&values)[2]) { return {{as_int(values[0]), as_int(values[1])}}; }

ConvolutionShape shape_of(const Layer& layer) {
  ConvolutionShape shape;
  for (int d = 0; d < 2; ++d) {
    shape.kernel[d] = as_int(layer.window.kernel[d]);
    shape.stride[d] = as_int(layer.window.stride[d]);
    shape.padding[d] = as_int(layer.window.padding[d]);
  }
  shape.groups = as_int(layer.groups);
  return shape;
}

/// The window of a pool in libtorch's terms.
template <typename Options>
Options window_of(const Layer& layer) {
  return Options(pair(layer.window.kernel))
      .stride(pair(layer.window.stride))
      .padding(pair(layer.window.padding))
      .ceil_mode(layer.window.ceil);
}

Tensor average_pool(const Layer& layer, const Tensor& input) {
  namespace F = torch::nn::functional;
  return F::avg_pool2d(input, window_of<F::AvgPool2dFuncOptions>(layer));
}

Tensor max_pool(const Layer& layer, const Tensor& input) {
  namespace F = torch::nn::functional;
  return F::max_pool2d(input, window_of<F::MaxPool2dFuncOptions>(layer));
}

double zeros_in(const Tensor& tensor) { return (tensor == 0).to(torch::kFloat64).mean().item<double>(); }

}  // namespace

Tensor loss_of(const Tensor& logits, const Tensor& labels) {
  return torch::cross_entropy_loss(logits.reshape({-1, logits.size(-1)}), labels.reshape({-1}));
}

TrainableNetwork::TrainableNetwork(const Network& network, const Recipe& recipe, Emulation emulation,
                                   std::uint64_t seed, const ArithmeticVariant& variant)
    : network_{network}, parts_(network.layers.size()) {
  if (!recipe.training) {
    throw InputError{"TRAIN-RECIPE", fmt::format("the recipe {} is for inference only", recipe.name),
                     "give one that trains: see nibble list recipes"};
  }
  if (network.layers.empty() || network.layers.back().kind != LayerKind::loss) {
    throw InputError{"TRAIN-LAYER", fmt::format("{} does not end with a loss", network.file), "its last layer must be one"};
  }
  torch::manual_seed(seed);
  const lowering::LayerPrecision precision{network_, recipe};
  for (LayerIndex i = 0; i < network_.layers.size(); ++i) {
    require_trainable(network_, network_.layers[i]);
    make_part(i, precision.of(i), emulation, seed, variant);
  }
}

Tensor TrainableNetwork::parameter(const Layer& layer, const char* what, Tensor value) {
  value.requires_grad_(true);
  parameters_.push_back({fmt::format("{}.{}", layer.name, what), value});
  return value;
}

/// Weights: He's normal initialisation for rectifiers (fan in). Clips: 0 until the first batch sets them.
void TrainableNetwork::make_part(LayerIndex index, const Precision& precision, Emulation emulation,
                                 std::uint64_t seed, const ArithmeticVariant& variant) {
  const Layer& layer = network_.layers[index];
  Part& part = parts_[index];
  if (multiplies(layer)) {
    const Shape& input = network_.layers[layer.inputs.front()].output;
    const bool image = layer.kind == LayerKind::conv2d;
    const std::int64_t outputs = as_int(image ? layer.output.front() : layer.output.back());
    const std::int64_t inputs = as_int((image ? input.front() : input.back()) / layer.groups);
    const ConvolutionShape shape = shape_of(layer);
    const double fan_in = static_cast<double>(inputs * shape.kernel[0] * shape.kernel[1]);
    const Tensor weight = torch::randn({outputs, inputs, shape.kernel[0], shape.kernel[1]}) * std::sqrt(2.0 / fan_in);
    part.weight = parameter(layer, "weight", weight);
    if (layer.bias) part.bias = parameter(layer, "bias", torch::zeros({outputs}));
    part.arithmetic = std::make_unique<LayerArithmetic>(precision, emulation, seed, index, variant);
    part.clip = torch::zeros({1});
    if (part.arithmetic->has_clip()) part.clip = parameter(layer, "clip", part.clip);
  } else if (layer.kind == LayerKind::batch_norm) {
    const std::int64_t channels = as_int(layer.output.front());
    part.weight = parameter(layer, "weight", torch::ones({channels}));
    part.bias = parameter(layer, "bias", torch::zeros({channels}));
    part.mean = torch::zeros({channels});
    part.variance = torch::ones({channels});
    buffers_.push_back({layer.name + ".mean", part.mean});
    buffers_.push_back({layer.name + ".variance", part.variance});
  }
}

Tensor TrainableNetwork::multiply(LayerIndex index, const Tensor& input) {
  const Layer& layer = network_.layers[index];
  Part& part = parts_[index];
  const bool image = layer.kind == LayerKind::conv2d;
  const Tensor x = image ? input : input.reshape({-1, input.size(-1), 1, 1});
  if (part.arithmetic->has_clip() && part.clip.item<float>() <= 0) {
    const torch::NoGradGuard guard;
    const Tensor plain = x.contiguous();
    const std::span<const float> values{plain.data_ptr<float>(), static_cast<std::size_t>(plain.numel())};
    part.clip.fill_(first_clip(values, number_format(part.arithmetic->precision().fwd.a).bits));
  }
  Tensor y = quantised_convolution(x, part.weight, part.clip, shape_of(layer), *part.arithmetic);
  if (part.bias.defined()) y = y + part.bias.view({1, -1, 1, 1});
  if (image) return y;
  std::vector<std::int64_t> sizes = input.sizes().vec();
  sizes.back() = as_int(layer.output.back());
  return y.reshape(sizes);
}

Tensor TrainableNetwork::run(LayerIndex index, const std::vector<Tensor>& outputs, bool learning) {
  constexpr double kMomentum = 0.1, kEpsilon = 1e-5;  // PyTorch's defaults
  const Layer& layer = network_.layers[index];
  const Part& part = parts_[index];
  const Tensor& input = outputs[layer.inputs.front()];
  switch (layer.kind) {
    case LayerKind::conv2d: case LayerKind::linear: return multiply(index, input);
    case LayerKind::batch_norm:
      return torch::batch_norm(input, part.weight, part.bias, part.mean, part.variance, learning, kMomentum, kEpsilon, false);
    case LayerKind::relu: return torch::relu(input);
    case LayerKind::relu6: return torch::clamp(input, 0, 6);
    case LayerKind::max_pool: return max_pool(layer, input);
    case LayerKind::avg_pool: return average_pool(layer, input);
    case LayerKind::global_avg_pool: return input.mean({2, 3}, true);
    case LayerKind::add: {
      Tensor sum = input;
      for (std::size_t i = 1; i < layer.inputs.size(); ++i) sum = sum + outputs[layer.inputs[i]];
      return sum;
    }
    case LayerKind::reshape: {
      std::vector<std::int64_t> sizes{input.size(0)};
      for (const std::uint64_t extent : layer.output) sizes.push_back(as_int(extent));
      return input.reshape(sizes);
    }
    case LayerKind::loss: return input;
    default: throw InternalError{"a layer that require_trainable let pass"};
  }
}

std::vector<Tensor> TrainableNetwork::run_all(const Tensor& images, bool learning) {
  std::vector<Tensor> outputs(network_.layers.size());
  for (LayerIndex i = 0; i < network_.layers.size(); ++i) {
    outputs[i] = network_.layers[i].kind == LayerKind::input ? images : run(i, outputs, learning);
  }
  return outputs;
}

Tensor TrainableNetwork::forward(const Tensor& images, bool learning) { return run_all(images, learning).back(); }

void TrainableNetwork::begin_step(std::uint64_t step) {
  for (Part& part : parts_) {
    if (part.arithmetic) part.arithmetic->begin_step(step);
  }
}

std::vector<std::int64_t> TrainableNetwork::grad_scales() const {
  std::vector<std::int64_t> exponents;
  for (const Part& part : parts_) {
    exponents.push_back(part.arithmetic ? part.arithmetic->grad_scale_exponent() : LayerArithmetic::kUnset);
  }
  return exponents;
}

void TrainableNetwork::set_grad_scales(const std::vector<std::int64_t>& exponents) {
  NIBBLE_CHECK(exponents.size() == parts_.size(), "{} exponents, {} layers", exponents.size(), parts_.size());
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].arithmetic) parts_[i].arithmetic->set_grad_scale_exponent(static_cast<int>(exponents[i]));
  }
}

std::vector<LayerZeros> TrainableNetwork::measure_zeros(const Tensor& images, const Tensor& labels) {
  const std::vector<Tensor> outputs = run_all(images, true);
  std::vector<LayerZeros> zeros(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    zeros[i].activation = zeros_in(outputs[i]);
    if (outputs[i].requires_grad()) {
      outputs[i].register_hook([&zeros, i](const Tensor& gradient) { zeros[i].gradient = zeros_in(gradient); });
    }
  }
  loss_of(outputs.back(), labels).backward();
  return zeros;
}

}  // namespace nibble::training
