#include "workloads/training/trainable_network.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <cmath>
#include <utility>

#include "models/base/check.hpp"
#include "workloads/lowering/precision.hpp"
#include "workloads/training/layer_functions.hpp"
#include "workloads/training/quantised_convolution.hpp"
#include "workloads/training/quantised_matmul.hpp"
#include "workloads/training/quantised_product.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;

std::int64_t as_int(std::uint64_t value) { return static_cast<std::int64_t>(value); }

bool multiplies(const Layer& layer) { return layer.kind == LayerKind::conv2d || layer.kind == LayerKind::linear; }

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

/// Sets a clip that has not been set, where it rounds these activations best.
void settle_clip(const Tensor& clip, const LayerArithmetic& arithmetic, const std::string& format, const Tensor& activations,
                 bool symmetric) {
  if (!arithmetic.has_clip() || clip.item<float>() > 0) return;
  const torch::NoGradGuard guard;
  clip.fill_(first_clip(values_of(activations.contiguous()), number_format(format).bits, symmetric));
}

TensorMeasure measure_of(const Tensor& tensor) {
  const Tensor plain = tensor.detach().to(torch::kFloat32).contiguous();
  TensorMeasure measure;
  std::uint64_t zeros = 0;
  for (const float value : values_of(plain)) {
    if (value == 0) ++zeros;
    if (value != 0 && std::isfinite(value)) ++measure.exponents[std::ilogb(value)];
  }
  measure.zeros = static_cast<double>(zeros) / static_cast<double>(plain.numel());
  return measure;
}

}  // namespace

Tensor loss_of(const Tensor& logits, const Tensor& labels) {
  return torch::cross_entropy_loss(logits.reshape({-1, logits.size(-1)}), labels.reshape({-1}));
}

TrainableNetwork::TrainableNetwork(const Network& network, const Recipe& recipe, Emulation emulation,
                                   std::uint64_t seed, const ArithmeticVariant& variant)
    : network_{network}, sign_{layers_with_sign(network)}, parts_(network.layers.size()) {
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
    make_part(i, {precision.of(i), emulation, seed, variant});
  }
}

std::unique_ptr<LayerArithmetic> TrainableNetwork::arithmetic(std::uint64_t stream, const Making& making) const {
  return std::make_unique<LayerArithmetic>(making.precision, making.emulation, making.seed, stream, making.variant);
}

Tensor TrainableNetwork::parameter(const Layer& layer, const char* what, Tensor value) {
  value.requires_grad_(true);
  parameters_.push_back({fmt::format("{}.{}", layer.name, what), value});
  return value;
}

/// PACT's; `first` 0: the first batch sets it.
Tensor TrainableNetwork::clip(const Layer& layer, const char* what, const LayerArithmetic& arithmetic, float first) {
  if (!arithmetic.has_clip()) return torch::zeros({1});
  return parameter(layer, what, torch::full({1}, first));
}

/// He's normal initialisation for rectifiers (fan in).
void TrainableNetwork::make_weights(const Layer& layer, Part& part) {
  const Shape& input = network_.layers[layer.inputs.front()].output;
  const bool image = layer.kind == LayerKind::conv2d;
  const std::int64_t outputs = as_int(image ? layer.output.front() : layer.output.back());
  const std::int64_t inputs = as_int((image ? input.front() : input.back()) / layer.groups);
  const ConvolutionShape shape = shape_of(layer);
  const double fan_in = static_cast<double>(inputs * shape.kernel[0] * shape.kernel[1]);
  const Tensor weight = torch::randn({outputs, inputs, shape.kernel[0], shape.kernel[1]}) * std::sqrt(2.0 / fan_in);
  part.weight = parameter(layer, "weight", weight);
  if (layer.bias) part.bias = parameter(layer, "bias", torch::zeros({outputs}));
}

/// Uniform weights, as PyTorch has them; gates that do not forget at first.
void TrainableNetwork::make_lstm(LayerIndex index, LstmPart& part, const Making& making) {
  const Layer& layer = network_.layers[index];
  const std::int64_t units = as_int(layer.output.back());
  const std::int64_t features = as_int(network_.layers[layer.inputs.front()].output.back());
  const double bound = 1.0 / std::sqrt(static_cast<double>(units));
  const auto uniform = [&](std::int64_t inputs) { return (torch::rand({4 * units, inputs, 1, 1}) * 2 - 1) * bound; };
  part.input_weight = parameter(layer, "weight", uniform(features));
  part.state_weight = parameter(layer, "state_weight", uniform(units));
  if (layer.bias) {
    const Tensor bias = torch::zeros({4 * units});
    bias.slice(0, units, 2 * units).fill_(1);
    part.bias = parameter(layer, "bias", bias);
  }
  part.of_input = arithmetic(index, making);
  part.of_state = arithmetic(index + network_.layers.size(), making);
  part.input_clip = clip(layer, "clip", *part.of_input, 0);
  part.state_clip = clip(layer, "state_clip", *part.of_state, 1);  // a state lies within -1 and 1
}

void TrainableNetwork::make_part(LayerIndex index, const Making& making) {
  const Layer& layer = network_.layers[index];
  Part& part = parts_[index];
  if (multiplies(layer)) {
    make_weights(layer, part);
    part.arithmetic = arithmetic(index, making);
    part.clip = clip(layer, "clip", *part.arithmetic, 0);
  } else if (layer.kind == LayerKind::matmul) {
    part.arithmetic = arithmetic(index, making);
    part.clip = clip(layer, "clip", *part.arithmetic, 0);
    part.second_clip = clip(layer, "second_clip", *part.arithmetic, 0);
  } else if (layer.kind == LayerKind::lstm) {
    make_lstm(index, part.lstm, making);
  } else if (layer.kind == LayerKind::embedding) {
    const std::int64_t width = as_int(layer.output.back());
    part.weight = parameter(layer, "weight", torch::randn({as_int(layer.parameters) / width, width}));
  } else if (layer.kind == LayerKind::layer_norm && layer.parameters > 0) {
    part.weight = parameter(layer, "weight", torch::ones({as_int(layer.output.back())}));
    part.bias = parameter(layer, "bias", torch::zeros({as_int(layer.output.back())}));
  } else if (layer.kind == LayerKind::rms_norm && layer.parameters > 0) {
    part.weight = parameter(layer, "weight", torch::ones({as_int(layer.output.back())}));
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
  ConvolutionShape shape = shape_of(layer);
  shape.negative_inputs = sign_[layer.inputs.front()];
  settle_clip(part.clip, *part.arithmetic, part.arithmetic->precision().fwd.a, x, shape.negative_inputs);
  Tensor y = quantised_convolution(x, part.weight, part.clip, shape, *part.arithmetic);
  if (part.bias.defined()) y = y + part.bias.view({1, -1, 1, 1});
  if (image) return y;
  std::vector<std::int64_t> sizes = input.sizes().vec();
  sizes.back() = as_int(layer.output.back());
  return y.reshape(sizes);
}

Tensor TrainableNetwork::multiply_activations(LayerIndex index, const Tensor& a, const Tensor& b) {
  const Layer& layer = network_.layers[index];
  Part& part = parts_[index];
  const MatmulShape shape{layer.transpose_b, sign_[layer.inputs[0]], sign_[layer.inputs[1]]};
  const Precision& precision = part.arithmetic->precision();
  settle_clip(part.clip, *part.arithmetic, precision.fwd.a, a, shape.negative_a);
  settle_clip(part.second_clip, *part.arithmetic, precision.fwd.b, b, shape.negative_b);
  return quantised_matmul(a, b, part.clip, part.second_clip, shape, *part.arithmetic);
}

Tensor TrainableNetwork::recur(LayerIndex index, const Tensor& sequence) {
  const Layer& layer = network_.layers[index];
  LstmPart& part = parts_[index].lstm;
  const bool sign = sign_[layer.inputs.front()];
  settle_clip(part.input_clip, *part.of_input, part.of_input->precision().fwd.a, sequence, sign);
  return lstm_states(sequence, part, sign, layer.reverse);
}

Tensor TrainableNetwork::run(LayerIndex index, const std::vector<Tensor>& outputs, bool learning) {
  constexpr double kMomentum = 0.1, kEpsilon = 1e-5;  // PyTorch's defaults
  const Layer& layer = network_.layers[index];
  const Part& part = parts_[index];
  std::vector<Tensor> inputs;
  for (const LayerIndex i : layer.inputs) inputs.push_back(outputs[i]);
  switch (layer.kind) {
    case LayerKind::conv2d: case LayerKind::linear: return multiply(index, inputs[0]);
    case LayerKind::matmul: return multiply_activations(index, inputs[0], inputs[1]);
    case LayerKind::lstm: return recur(index, inputs[0]);
    case LayerKind::embedding: return torch::embedding(part.weight, inputs[0]);
    case LayerKind::layer_norm:
      return torch::layer_norm(inputs[0], {as_int(layer.output.back())}, part.weight, part.bias, kEpsilon);
    case LayerKind::rms_norm: {
      const Tensor normal = inputs[0] * torch::rsqrt(inputs[0].square().mean(-1, true) + kEpsilon);
      return part.weight.defined() ? normal * part.weight : normal;
    }
    case LayerKind::batch_norm:
      return torch::batch_norm(inputs[0], part.weight, part.bias, part.mean, part.variance, learning, kMomentum, kEpsilon, false);
    default: return apply_plain_layer(network_, layer, inputs);
  }
}

std::vector<Tensor> TrainableNetwork::run_all(const Tensor& samples, bool learning) {
  std::vector<Tensor> outputs(network_.layers.size());
  for (LayerIndex i = 0; i < network_.layers.size(); ++i) {
    const Layer& layer = network_.layers[i];
    if (layer.kind != LayerKind::input) {
      outputs[i] = run(i, outputs, learning);
    } else {
      outputs[i] = layer.constant.empty() ? samples : constant_input(layer);
    }
  }
  return outputs;
}

Tensor TrainableNetwork::forward(const Tensor& samples, bool learning) { return run_all(samples, learning).back(); }

std::vector<LayerArithmetic*> TrainableNetwork::all_arithmetic() const {
  std::vector<LayerArithmetic*> all;
  for (const Part& part : parts_) {
    for (const auto* one : {&part.arithmetic, &part.lstm.of_input, &part.lstm.of_state}) {
      if (*one) all.push_back(one->get());
    }
  }
  return all;
}

void TrainableNetwork::begin_step(std::uint64_t step) {
  for (LayerArithmetic* arithmetic : all_arithmetic()) arithmetic->begin_step(step);
}

std::vector<std::int64_t> TrainableNetwork::grad_scales() const {
  std::vector<std::int64_t> exponents;
  for (const LayerArithmetic* arithmetic : all_arithmetic()) exponents.push_back(arithmetic->grad_scale_exponent());
  return exponents;
}

void TrainableNetwork::set_grad_scales(const std::vector<std::int64_t>& exponents) {
  const std::vector<LayerArithmetic*> all = all_arithmetic();
  NIBBLE_CHECK(exponents.size() == all.size(), "{} exponents, {} layers", exponents.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i]->set_grad_scale_exponent(static_cast<int>(exponents[i]));
}

std::vector<LayerMeasure> TrainableNetwork::measure(const Tensor& samples, const Tensor& labels, double loss_scale) {
  const std::vector<Tensor> outputs = run_all(samples, true);
  std::vector<LayerMeasure> measures(outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    measures[i].activation = measure_of(outputs[i]);
    if (outputs[i].requires_grad()) {
      outputs[i].register_hook([&measures, i, loss_scale](const Tensor& gradient) { measures[i].gradient = measure_of(gradient / loss_scale); });
    }
  }
  (loss_of(outputs.back(), labels) * loss_scale).backward();
  return measures;
}

}  // namespace nibble::training
