#include <fmt/format.h>
#include <fmt/ranges.h>

#include "models/base/check.hpp"
#include "workloads/training/checkpoint.hpp"

namespace nibble::training {
namespace {

/// A key of two extents, left out where it has its default.
std::string extents(const char* key, const std::uint64_t (&values)[2], std::uint64_t otherwise) {
  if (values[0] == otherwise && values[1] == otherwise) return "";
  return fmt::format(", {}: [{}, {}]", key, values[0], values[1]);
}

std::string inputs_text(const Network& network, const Layer& layer) {
  std::vector<std::string> names;
  for (const LayerIndex input : layer.inputs) names.push_back(network.layers[input].name);
  return names.empty() ? "" : fmt::format(", inputs: [{}]", fmt::join(names, ", "));
}

std::string layer_text(const Network& network, const Layer& layer, const LayerMeasure& measure) {
  std::string text = fmt::format("  - {{name: {}, kind: {}{}, output: [{}]", layer.name, to_string(layer.kind),
                                 inputs_text(network, layer), fmt::join(layer.output, ", "));
  text += extents("kernel", layer.window.kernel, 1) + extents("stride", layer.window.stride, 1);
  text += extents("padding", layer.window.padding, 0);
  if (layer.window.ceil) text += ", ceil: true";
  if (layer.groups != 1) text += fmt::format(", groups: {}", layer.groups);
  if (layer.bias) text += ", bias: true";
  if (layer.reverse) text += ", reverse: true";
  if (layer.transpose_b) text += ", transpose_b: true";
  if (!layer.constant.empty()) text += fmt::format(", constant: {}", layer.constant);
  if (layer.factor) text += fmt::format(", factor: {}", *layer.factor);
  if (layer.parameters != 0) text += fmt::format(", parameters: {}", layer.parameters);
  text += fmt::format(", activation_zeros: {:.4f}", measure.activation.zeros);
  if (layer.kind != LayerKind::input) text += fmt::format(", gradient_zeros: {:.4f}", measure.gradient.zeros);
  return text + "}\n";
}

}  // namespace

std::string trace_text(const Network& network, const std::vector<LayerMeasure>& measures) {
  NIBBLE_CHECK(measures.size() == network.layers.size(), "{} layers, {} measured", network.layers.size(), measures.size());
  std::string text = fmt::format(
      "# Zeros measured in training, on one batch after the last epoch.\nschema: nibble/network/1\nname: {}\n"
      "description: \"{}\"\norigin: \"nibble train {}, of {}\"\nlayers:\n",
      network.name, network.description, NIBBLE_VERSION, network.name);
  for (std::size_t i = 0; i < measures.size(); ++i) text += layer_text(network, network.layers[i], measures[i]);
  return text;
}

}  // namespace nibble::training
