#include "workloads/importers/onnx_importer.hpp"

// Nodes that combine, cut and arrange tensors.

namespace nibble::onnx_import {

/// A product's bias stands in a node of its own when the product is of more than two dimensions.
void Importer::sum(const Node& node) {
  for (std::size_t i = 0; i < 2; ++i) {
    const Constant* const bias = weights(node, i);
    if (bias == nullptr || bias->dims.size() != 1 || !is_data(node.inputs[1 - i])) continue;
    Layer& layer = network_.layers[operand(node.inputs[1 - i])];
    if (layer.kind != LayerKind::linear || layer.bias || product(bias->dims) != layer.output.back()) continue;
    layer.bias = true;
    layer.parameters += layer.output.back();
    layer_of_[node.outputs.front()] = operand(node.inputs[1 - i]);
    return;
  }
  combine(node, LayerKind::add);
}

void Importer::combine(const Node& node, LayerKind kind) {
  const Shape output = output_of(node);
  std::vector<LayerIndex> inputs;
  for (const std::string& input : node.inputs) {
    const auto constant = graph_.constants.find(input);
    if (constant != graph_.constants.end() && product(constant->second.dims) == 1) continue;  // a number
    LayerIndex index = operand(input);
    if (input_shape(index).size() < output.size()) {  // dimensions of 1 before its own
      Layer wider;
      wider.name = input + ".view";
      wider.kind = LayerKind::reshape;
      wider.inputs = {index};
      wider.output = input_shape(index);
      wider.output.insert(wider.output.begin(), output.size() - wider.output.size(), 1);
      index = push(std::move(wider));
    }
    inputs.push_back(index);
  }
  if (inputs.size() == 1) kind = LayerKind::scale;
  add(node, kind, std::move(inputs), output);
}

void Importer::divide(const Node& node) {
  const Constant* const by = weights(node, 1);
  if (by == nullptr || product(by->dims) != 1) unsupported(node, "by a tensor", "by a number");
  combine(node, LayerKind::multiply);
}

void Importer::concat(const Node& node) {
  std::vector<LayerIndex> inputs;
  for (const std::string& input : node.inputs) inputs.push_back(operand(input));
  if (inputs.size() == 1) return alias(node);
  add(node, LayerKind::concat, std::move(inputs), output_of(node));
}

void Importer::view(const Node& node) {
  const LayerIndex x = operand(node.inputs[0]);
  const Shape output = output_of(node);
  if (output == input_shape(x) && node.op != "Transpose") return alias(node);
  add(node, LayerKind::reshape, {x}, output, [&](Layer& layer) {
    layer.slice = element_count(output) < element_count(input_shape(x));
  });
}

void Importer::slices(const Node& node) {
  const LayerIndex x = operand(node.inputs[0]);
  for (const std::string& output : node.outputs) {
    Node part = node;
    part.outputs = {output};
    add(part, LayerKind::reshape, {x}, sample(shape_of(output, node.name)), [](Layer& layer) { layer.slice = true; });
  }
}

void Importer::upsample(const Node& node) {
  const auto mode = node.words.find("mode");
  if (mode != node.words.end() && mode->second != "nearest") unsupported(node, fmt::format("mode {}", mode->second), "nearest");
  same(node, LayerKind::upsample);
}

void Importer::gather(const Node& node) {
  const Constant* const table = weights(node, 0);
  if (table == nullptr || table->dims.size() != 2 || node.integer("axis", 0) != 0) {
    unsupported(node, "not rows of a table", "from a constant matrix, along its first axis: an embedding");
  }
  add(node, LayerKind::embedding, {operand(node.inputs[1])}, output_of(node),
      [&](Layer& layer) { layer.parameters = product(table->dims); });
}

}  // namespace nibble::onnx_import
