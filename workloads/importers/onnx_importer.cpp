#include "workloads/importers/onnx_importer.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "workloads/trace/layer_kinds.hpp"
#include "workloads/trace/shape_rules.hpp"

namespace nibble::onnx_import {

Network Importer::run() {
  for (const std::string& input : graph_.inputs) {
    Layer layer;
    layer.name = input;
    layer.output = sample(shape_of(input, "input"));
    layer_of_[input] = push(std::move(layer));
  }
  for (const Node& node : graph_.nodes) {
    if (reads_data(node)) add_node(node);
  }
  finish();
  return std::move(network_);
}

bool Importer::reads_data(const Node& node) const {
  return node.op != "Shape" && std::any_of(node.inputs.begin(), node.inputs.end(),
                                           [&](const auto& input) { return layer_of_.contains(input); });
}

const std::map<std::string, Importer::Handler>& Importer::handlers() {
  static const std::map<std::string, Handler> all{
      {"Conv", &Importer::convolution},
      {"MaxPool", &Importer::max_pool},
      {"AveragePool", &Importer::average_pool},
      {"GlobalAveragePool", &Importer::global_pool},
      {"ReduceMean", &Importer::reduce_mean},
      {"Gemm", &Importer::gemm},
      {"MatMul", &Importer::matmul},
      {"BatchNormalization", &Importer::batch_norm},
      {"LayerNormalization", &Importer::layer_norm},
      {"Relu", &Importer::relu},
      {"LeakyRelu", &Importer::leaky_relu},
      {"Clip", &Importer::clip},
      {"Sigmoid", &Importer::sigmoid},
      {"Tanh", &Importer::tanh},
      {"Gelu", &Importer::gelu},
      {"Softmax", &Importer::softmax},
      {"Dropout", &Importer::dropout},
      {"Add", &Importer::sum},
      {"Sub", &Importer::sum},
      {"Mul", &Importer::times},
      {"Div", &Importer::divide},
      {"Concat", &Importer::concat},
      {"Reshape", &Importer::view},
      {"Flatten", &Importer::view},
      {"Squeeze", &Importer::view},
      {"Unsqueeze", &Importer::view},
      {"Transpose", &Importer::view},
      {"Identity", &Importer::alias},
      {"Cast", &Importer::alias},
      {"Slice", &Importer::view},
      {"Split", &Importer::slices},
      {"Resize", &Importer::upsample},
      {"Upsample", &Importer::upsample},
      {"Gather", &Importer::gather},
  };
  return all;
}


void Importer::add_node(const Node& node) {
  const auto found = handlers().find(node.op);
  if (found == handlers().end()) {
    std::vector<std::string> known;
    for (const auto& [op, handler] : handlers()) known.push_back(op);
    unsupported(node, "this operator has no layer", fmt::format("supported: {}", fmt::join(known, ", ")));
  }
  (this->*found->second)(node);
}

const std::vector<std::int64_t>& Importer::shape_of(const std::string& value, const std::string& who) const {
  const auto found = graph_.shapes.find(value);
  if (found == graph_.shapes.end()) {
    fail("ONNX-SHAPE", fmt::format("'{}', of '{}': its shape does not follow from the inputs'", value, who),
         "shapes that depend on data cannot be run");
  }
  return found->second;
}

Shape Importer::sample(const std::vector<std::int64_t>& dims) {
  Shape shape{dims.begin(), dims.end()};
  if (shape.size() > 1 && shape.front() == 1) shape.erase(shape.begin());
  return shape.empty() ? Shape{1} : shape;
}

LayerIndex Importer::push(Layer layer) {
  const std::string wished = layer.name;
  for (int n = 2; !names_.insert(layer.name).second; ++n) layer.name = fmt::format("{}.{}", wished, n);
  network_.layers.push_back(std::move(layer));
  return static_cast<LayerIndex>(network_.layers.size() - 1);
}

Layer& Importer::add(const Node& node, LayerKind kind, std::vector<LayerIndex> inputs, Shape output,
                     const std::function<void(Layer&)>& fill) {
  Layer layer;
  layer.name = node.name;
  layer.kind = kind;
  layer.inputs = std::move(inputs);
  layer.output = std::move(output);
  if (fill) fill(layer);
  std::vector<const Layer*> read;
  for (const LayerIndex input : layer.inputs) read.push_back(&network_.layers[input]);
  std::string fault = shape_fault(layer, read);
  if (fault.empty()) fault = parameters_fault(layer, read);
  if (!fault.empty()) {
    unsupported(node, fmt::format("[{}] from {} does not fit a layer of kind {}: {}", fmt::join(layer.output, ", "),
                                  read.empty() ? "" : fmt::format("[{}]", fmt::join(read.front()->output, ", ")),
                                  to_string(kind), fault));
  }
  const LayerIndex index = push(std::move(layer));
  layer_of_[node.outputs.front()] = index;
  return network_.layers[index];
}

LayerIndex Importer::operand(const std::string& value) {
  const auto known = layer_of_.find(value);
  if (known != layer_of_.end()) return known->second;
  const auto constant = graph_.constants.find(value);
  Layer layer;
  layer.name = value;
  layer.output = sample(constant != graph_.constants.end() ? constant->second.dims : shape_of(value, value));
  return layer_of_[value] = push(std::move(layer));
}

const Constant* Importer::weights(const Node& node, std::size_t input) const {
  if (input >= node.inputs.size()) return nullptr;
  const auto found = graph_.constants.find(node.inputs[input]);
  return found == graph_.constants.end() ? nullptr : &found->second;
}

/// A model of one result ends in softmax and cross entropy, as a captured one; of several, it can only infer.
void Importer::finish() {
  if (network_.layers.size() == graph_.inputs.size()) fail("ONNX-EMPTY", "no node computes with the inputs");
  if (graph_.outputs.size() != 1 || !is_data(graph_.outputs.front())) return;
  Layer loss;
  loss.name = "loss";
  loss.kind = LayerKind::loss;
  loss.inputs = {operand(graph_.outputs.front())};
  loss.output = input_shape(loss.inputs.front());
  push(std::move(loss));
}

}  // namespace nibble::onnx_import
