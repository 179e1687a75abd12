#include "workloads/training/layer_functions.hpp"

#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>

#include "models/base/check.hpp"
#include "models/base/error.hpp"

namespace nibble::training {
namespace {

using torch::Tensor;

std::int64_t as_int(std::uint64_t value) { return static_cast<std::int64_t>(value); }

torch::ExpandingArray<2> pair(const std::uint64_t (&values)[2]) { return {{as_int(values[0]), as_int(values[1])}}; }

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

/// The two dimensions (of a sample) that a reshape exchanges; both 0 if it is a view.
std::pair<std::size_t, std::size_t> exchanged(const Shape& from, const Shape& to) {
  if (from.size() != to.size()) return {};
  std::vector<std::size_t> differ;
  for (std::size_t d = 0; d < from.size(); ++d) {
    if (from[d] != to[d]) differ.push_back(d);
  }
  if (differ.size() != 2 || from[differ[0]] != to[differ[1]] || from[differ[1]] != to[differ[0]]) return {};
  return {differ[0], differ[1]};
}

Tensor reshape(const Network& network, const Layer& layer, const Tensor& input) {
  const auto [one, other] = exchanged(network.layers[layer.inputs.front()].output, layer.output);
  if (one != other) return input.transpose(as_int(one) + 1, as_int(other) + 1);
  std::vector<std::int64_t> sizes{input.size(0)};
  for (const std::uint64_t extent : layer.output) sizes.push_back(as_int(extent));
  return input.reshape(sizes);
}

Tensor concatenated(const Layer& layer, const std::vector<Tensor>& inputs) {
  for (std::size_t d = 0; d < layer.output.size(); ++d) {
    if (inputs.front().size(as_int(d) + 1) != as_int(layer.output[d])) return torch::cat(inputs, as_int(d) + 1);
  }
  throw InternalError{"a concatenation that joins nothing"};
}

void refuse(const Network& network, const Layer& layer, const std::string& what) {
  throw InputError{"TRAIN-LAYER", fmt::format("{}: layer '{}' {}", network.file, layer.name, what),
                   "nibble train knows the kinds that workloads/training/README.md lists"};
}

void require_convolution(const Network& network, const Layer& layer) {
  for (int d = 0; d < 2; ++d) {
    if (layer.window.dilation[d] != 1) refuse(network, layer, "is dilated");
    if (layer.window.padding[d] >= layer.window.kernel[d]) refuse(network, layer, "has padding as wide as its kernel");
  }
}

void require_input(const Network& network, const Layer& layer) {
  const std::size_t dimensions = layer.output.size();
  if (layer.constant == "causal_mask") {
    if (dimensions < 2 || layer.output[dimensions - 1] != layer.output[dimensions - 2]) refuse(network, layer, "is no square mask");
  } else if (layer.constant.empty()) {
    if (&layer != &network.layers.front()) refuse(network, layer, "is a second sample, or a constant that does not say which");
    if (dimensions != 3 && dimensions != 1) refuse(network, layer, "is neither an image nor a row of tokens");
  }
}

}  // namespace

void require_trainable(const Network& network, const Layer& layer) {
  if (!layer.shares_weights_with.empty()) refuse(network, layer, "shares its weights");
  switch (layer.kind) {
    case LayerKind::conv2d: return require_convolution(network, layer);
    case LayerKind::input: return require_input(network, layer);
    case LayerKind::scale:
      if (!layer.factor) refuse(network, layer, "does not say by which factor it multiplies");
      return;
    case LayerKind::reshape:
      if (layer.slice) refuse(network, layer, "takes a part of its input");
      if (layer.output == network.layers[layer.inputs.front()].output) refuse(network, layer, "changes nothing that can be seen");
      return;
    case LayerKind::dropout: case LayerKind::l2_norm: case LayerKind::upsample: case LayerKind::cache: case LayerKind::multibox_loss:
    case LayerKind::yolo_loss:
      return refuse(network, layer, fmt::format("is of kind {}", to_string(layer.kind)));
    default: return;
  }
}

Tensor apply_plain_layer(const Network& network, const Layer& layer, const std::vector<Tensor>& inputs) {
  const Tensor& input = inputs.front();
  switch (layer.kind) {
    case LayerKind::relu: return torch::relu(input);
    case LayerKind::relu6: return torch::clamp(input, 0, 6);
    case LayerKind::leaky_relu: return torch::leaky_relu(input, layer.slope);
    case LayerKind::gelu: return torch::gelu(input);
    case LayerKind::sigmoid: return torch::sigmoid(input);
    case LayerKind::tanh: return torch::tanh(input);
    case LayerKind::silu: return torch::silu(input);
    case LayerKind::softmax: return torch::softmax(input, -1);
    case LayerKind::scale: return input * *layer.factor;
    case LayerKind::max_pool: return max_pool(layer, input);
    case LayerKind::avg_pool: return average_pool(layer, input);
    case LayerKind::global_avg_pool: return input.mean({2, 3}, true);
    case LayerKind::multiply: return input * inputs[1];
    case LayerKind::concat: return concatenated(layer, inputs);
    case LayerKind::reshape: return reshape(network, layer, input);
    case LayerKind::loss: return input;
    case LayerKind::add: {
      Tensor sum = input;
      for (std::size_t i = 1; i < inputs.size(); ++i) sum = sum + inputs[i];
      return sum;
    }
    default: throw InternalError{"a layer that require_trainable let pass"};
  }
}

Tensor constant_input(const Layer& layer) {
  constexpr double kFarBelow = -1e4;  // exp() of it is 0; a number that 16 bits hold
  if (layer.constant == "positions") {
    return torch::arange(as_int(element_count(layer.output).value()), torch::kInt64).unsqueeze(0);
  }
  const std::int64_t extent = as_int(layer.output.back());
  std::vector<std::int64_t> sizes(layer.output.size() + 1, 1);
  for (std::size_t d = 0; d < layer.output.size(); ++d) sizes[d + 1] = as_int(layer.output[d]);
  return torch::full({extent, extent}, kFarBelow).triu(1).expand(sizes).contiguous();
}

std::vector<bool> layers_with_sign(const Network& network) {
  std::vector<bool> sign;
  for (const Layer& layer : network.layers) {
    const auto any_input = [&] {
      return std::any_of(layer.inputs.begin(), layer.inputs.end(), [&](LayerIndex i) { return sign[i]; });
    };
    switch (layer.kind) {
      case LayerKind::relu: case LayerKind::relu6: case LayerKind::sigmoid: case LayerKind::softmax:
        sign.push_back(false);
        break;
      case LayerKind::max_pool: case LayerKind::avg_pool: case LayerKind::global_avg_pool: case LayerKind::add:
      case LayerKind::multiply: case LayerKind::concat: case LayerKind::reshape: case LayerKind::dropout:
        sign.push_back(any_input());
        break;
      default: sign.push_back(true);
    }
  }
  return sign;
}

}  // namespace nibble::training
