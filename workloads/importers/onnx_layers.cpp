#include "workloads/importers/onnx_importer.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "workloads/trace/shape_rules.hpp"

// Nodes that compute: products, windows, norms, activations.

namespace nibble::onnx_import {

void Importer::read_window(const Node& node, Window& window, const Shape& in) const {
  const auto pair = [&](const char* key, std::uint64_t (&to)[2]) {
    const auto found = node.integers.find(key);
    if (found == node.integers.end()) return;
    if (found->second.size() != 2) unsupported(node, fmt::format("{} of {} dimensions", key, found->second.size()), "images have two");
    for (std::size_t d = 0; d < 2; ++d) to[d] = static_cast<std::uint64_t>(found->second[d]);
  };
  pair("kernel_shape", window.kernel);
  pair("strides", window.stride);
  pair("dilations", window.dilation);
  const auto word = node.words.find("auto_pad");
  const std::string automatic = word == node.words.end() ? "NOTSET" : word->second;
  const auto pads = node.integers.find("pads");
  for (std::size_t d = 0; d < 2; ++d) {
    std::int64_t near = 0, far = 0;
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      const auto n = static_cast<std::int64_t>(in[d + 1]), s = static_cast<std::int64_t>(window.stride[d]);
      const auto reach = static_cast<std::int64_t>((window.kernel[d] - 1) * window.dilation[d] + 1);
      const std::int64_t both = std::max<std::int64_t>(0, ((n + s - 1) / s - 1) * s + reach - n);
      near = automatic == "SAME_UPPER" ? both / 2 : both - both / 2;
      far = both - near;
    } else if (automatic == "NOTSET" && pads != node.integers.end()) {
      near = pads->second.at(d);
      far = pads->second.at(d + 2);
    }
    window.padding[d] = static_cast<std::uint64_t>(near);
    window.far_padding[d] = far - near;
  }
}

void Importer::convolution(const Node& node) {
  const Constant* const kernel = weights(node, 1);
  if (kernel == nullptr) unsupported(node, "its weights are computed");
  if (kernel->dims.size() != 4) unsupported(node, fmt::format("a kernel of {} dimensions", kernel->dims.size()), "images have two");
  const LayerIndex x = operand(node.inputs[0]);
  add(node, LayerKind::conv2d, {x}, output_of(node), [&](Layer& layer) {
    layer.window.kernel[0] = static_cast<std::uint64_t>(kernel->dims[2]);
    layer.window.kernel[1] = static_cast<std::uint64_t>(kernel->dims[3]);
    read_window(node, layer.window, input_shape(x));
    layer.groups = static_cast<std::uint64_t>(node.integer("group", 1));
    layer.bias = node.inputs.size() > 2 && !node.inputs[2].empty();
    layer.parameters = product(kernel->dims) + (layer.bias ? layer.output.front() : 0);
  });
}

void Importer::pool(const Node& node, LayerKind kind) {
  if (node.outputs.size() > 1 && !node.outputs[1].empty()) unsupported(node, "indices as a second output");
  const LayerIndex x = operand(node.inputs[0]);
  add(node, kind, {x}, output_of(node), [&](Layer& layer) {
    read_window(node, layer.window, input_shape(x));
    if (node.integer("ceil_mode", 0) == 0) return;
    layer.window.ceil = true;
    // Where rounding up changes nothing, nothing is said of it, as in a captured trace.
    Layer down = layer;
    down.window.ceil = false;
    if (shape_fault(down, {&network_.layers[x]}).empty()) layer.window.ceil = false;
  });
}

void Importer::reduce_mean(const Node& node) {
  const LayerIndex x = operand(node.inputs[0]);
  auto axes = node.integers.find("axes");
  std::vector<std::int64_t> over;
  if (axes != node.integers.end()) over = axes->second;
  const auto rank = static_cast<std::int64_t>(shape_of(node.inputs[0], node.name).size());
  for (std::int64_t& axis : over) axis = axis < 0 ? axis + rank : axis;
  std::sort(over.begin(), over.end());
  if (rank != 4 || over != std::vector<std::int64_t>{2, 3}) {
    unsupported(node, fmt::format("a mean over axes [{}] of {}", fmt::join(over, ", "), rank), "over height and width of images");
  }
  const Shape output = output_of(node);
  add(node, LayerKind::global_avg_pool, {x}, {input_shape(x)[0], 1, 1});
  if (output.size() == 3) return;
  add(node, LayerKind::reshape, {layer_of_[node.outputs.front()]}, output);
}

void Importer::linear(const Node& node, std::uint64_t features) {
  const LayerIndex x = operand(node.inputs[0]);
  const bool biased = node.inputs.size() > 2 && !node.inputs[2].empty();
  add(node, LayerKind::linear, {x}, output_of(node), [&](Layer& layer) {
    layer.bias = biased;
    layer.parameters = features * layer.output.back() + (biased ? layer.output.back() : 0);
  });
}

void Importer::gemm(const Node& node) {
  const Constant* const matrix = weights(node, 1);
  if (matrix == nullptr) unsupported(node, "its second factor is no constant");
  for (const char* factor : {"alpha", "beta"}) {
    const auto found = node.numbers.find(factor);
    if (found != node.numbers.end() && found->second != 1.0) unsupported(node, fmt::format("{} = {}", factor, found->second));
  }
  if (node.integer("transA", 0) != 0) unsupported(node, "its first factor is transposed");
  linear(node, static_cast<std::uint64_t>(matrix->dims.at(node.integer("transB", 0) != 0 ? 1 : 0)));
}

void Importer::matmul(const Node& node) {
  if (const Constant* const matrix = weights(node, 1); matrix != nullptr && matrix->dims.size() == 2) {
    return linear(node, static_cast<std::uint64_t>(matrix->dims[0]));
  }
  add(node, LayerKind::matmul, {operand(node.inputs[0]), operand(node.inputs[1])}, output_of(node));
}

void Importer::batch_norm(const Node& node) {
  add(node, LayerKind::batch_norm, {operand(node.inputs[0])}, output_of(node),
      [](Layer& layer) { layer.parameters = 2 * layer.output.front(); });
}

void Importer::layer_norm(const Node& node) {
  const auto rank = static_cast<std::int64_t>(shape_of(node.inputs[0], node.name).size());
  const std::int64_t axis = node.integer("axis", -1);
  if (axis != -1 && axis != rank - 1) unsupported(node, fmt::format("over axis {}", axis), "over the last");
  add(node, LayerKind::layer_norm, {operand(node.inputs[0])}, output_of(node), [&](Layer& layer) {
    layer.parameters = (node.inputs.size() - 1) * layer.output.back();
  });
}

void Importer::leaky_relu(const Node& node) {
  add(node, LayerKind::leaky_relu, {operand(node.inputs[0])}, output_of(node), [&](Layer& layer) {
    const auto found = node.numbers.find("alpha");
    if (found != node.numbers.end()) layer.slope = found->second;
  });
}

void Importer::clip(const Node& node) {
  std::vector<double> limits;
  for (std::size_t i = 1; i < 3; ++i) {
    const Constant* const limit = weights(node, i);
    if (limit != nullptr && limit->values.size() == 1) limits.push_back(limit->values[0]);
  }
  for (const char* word : {"min", "max"}) {
    const auto found = node.numbers.find(word);
    if (found != node.numbers.end()) limits.push_back(found->second);
  }
  if (limits.size() != 2 || limits[0] != 0.0) unsupported(node, fmt::format("to [{}]", fmt::join(limits, ", ")), "from 0 to a number: relu6");
  same(node, LayerKind::relu6);
}

void Importer::softmax(const Node& node) {
  const auto rank = static_cast<std::int64_t>(shape_of(node.inputs[0], node.name).size());
  const std::int64_t axis = node.integer("axis", -1);
  if (axis != -1 && axis != rank - 1) unsupported(node, fmt::format("over axis {}", axis), "over the last");
  same(node, LayerKind::softmax);
}

}  // namespace nibble::onnx_import
