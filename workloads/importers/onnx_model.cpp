#include "workloads/importers/onnx_model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "models/base/error.hpp"
#include "workloads/importers/onnx_graph.hpp"
#include "workloads/trace/layer_kinds.hpp"
#include "workloads/trace/shape_rules.hpp"

namespace nibble {
namespace {

using onnx_import::Constant;
using onnx_import::Graph;
using onnx_import::Node;

std::uint64_t product(const std::vector<std::int64_t>& dims) {
  std::uint64_t elements = 1;
  for (const std::int64_t dim : dims) elements *= static_cast<std::uint64_t>(dim);
  return elements;
}

/// Turns nodes into layers, one after the other, in the order of the file, which is one in which they can run.
class Importer {
 public:
  Importer(const std::string& file, Graph graph) : file_{file}, graph_{std::move(graph)} {}

  Network run() {
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

 private:
  using Handler = void (Importer::*)(const Node&);
  static const std::map<std::string, Handler>& handlers();

  [[noreturn]] void fail(const std::string& id, const std::string& what, const std::string& hint = {}) const {
    throw InputError{Problem{id, file_, 0, 0, what, hint}};
  }
  [[noreturn]] void unsupported(const Node& node, const std::string& what, const std::string& hint = {}) const {
    fail("ONNX-OPERATOR", fmt::format("node '{}' ({}): {}", node.name, node.op, what), hint);
  }

  /// Whether a node computes with samples: the others are constants, or made of shapes alone.
  bool reads_data(const Node& node) const {
    return node.op != "Shape" && std::any_of(node.inputs.begin(), node.inputs.end(),
                                             [&](const auto& input) { return layer_of_.contains(input); });
  }

  void add_node(const Node& node) {
    const auto found = handlers().find(node.op);
    if (found == handlers().end()) {
      std::vector<std::string> known;
      for (const auto& [op, handler] : handlers()) known.push_back(op);
      unsupported(node, "this operator has no layer", fmt::format("supported: {}", fmt::join(known, ", ")));
    }
    (this->*found->second)(node);
  }

  const std::vector<std::int64_t>& shape_of(const std::string& value, const std::string& who) const {
    const auto found = graph_.shapes.find(value);
    if (found == graph_.shapes.end()) {
      fail("ONNX-SHAPE", fmt::format("'{}', of '{}': its shape does not follow from the inputs'", value, who),
           "shapes that depend on data cannot be run");
    }
    return found->second;
  }

  /// A sample's shape: without the batch, which stands first and is 1.
  static Shape sample(const std::vector<std::int64_t>& dims) {
    Shape shape{dims.begin(), dims.end()};
    if (shape.size() > 1 && shape.front() == 1) shape.erase(shape.begin());
    return shape.empty() ? Shape{1} : shape;
  }
  Shape output_of(const Node& node) const { return sample(shape_of(node.outputs.front(), node.name)); }
  const Shape& input_shape(LayerIndex layer) const { return network_.layers[layer].output; }

  LayerIndex push(Layer layer) {
    const std::string wished = layer.name;
    for (int n = 2; !names_.insert(layer.name).second; ++n) layer.name = fmt::format("{}.{}", wished, n);
    network_.layers.push_back(std::move(layer));
    return static_cast<LayerIndex>(network_.layers.size() - 1);
  }

  /// A layer for the node, checked as one of a trace is.
  Layer& add(const Node& node, LayerKind kind, std::vector<LayerIndex> inputs, Shape output, const std::function<void(Layer&)>& fill = {}) {
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

  /// The layer that gives an operand; a constant of many numbers is an input that arrives with the samples.
  LayerIndex operand(const std::string& value) {
    const auto known = layer_of_.find(value);
    if (known != layer_of_.end()) return known->second;
    const auto constant = graph_.constants.find(value);
    Layer layer;
    layer.name = value;
    layer.output = sample(constant != graph_.constants.end() ? constant->second.dims : shape_of(value, value));
    return layer_of_[value] = push(std::move(layer));
  }
  bool is_data(const std::string& value) const { return layer_of_.contains(value); }
  const Constant* weights(const Node& node, std::size_t input) const {
    if (input >= node.inputs.size()) return nullptr;
    const auto found = graph_.constants.find(node.inputs[input]);
    return found == graph_.constants.end() ? nullptr : &found->second;
  }

  void alias(const Node& node) { layer_of_[node.outputs.front()] = operand(node.inputs.front()); }
  void same(const Node& node, LayerKind kind) { add(node, kind, {operand(node.inputs.front())}, output_of(node)); }

  void read_window(const Node& node, Window& window, const Shape& in) const;
  void convolution(const Node& node);
  void pool(const Node& node, LayerKind kind);
  void max_pool(const Node& node) { pool(node, LayerKind::max_pool); }
  void average_pool(const Node& node) { pool(node, LayerKind::avg_pool); }
  void global_pool(const Node& node) { same(node, LayerKind::global_avg_pool); }
  void reduce_mean(const Node& node);
  void gemm(const Node& node);
  void matmul(const Node& node);
  void linear(const Node& node, std::uint64_t features);
  void batch_norm(const Node& node);
  void layer_norm(const Node& node);
  void relu(const Node& node) { same(node, LayerKind::relu); }
  void leaky_relu(const Node& node);
  void clip(const Node& node);
  void sigmoid(const Node& node) { same(node, LayerKind::sigmoid); }
  void tanh(const Node& node) { same(node, LayerKind::tanh); }
  void gelu(const Node& node) { same(node, LayerKind::gelu); }
  void softmax(const Node& node);
  void dropout(const Node& node) { same(node, LayerKind::dropout); }
  void sum(const Node& node);
  void times(const Node& node) { combine(node, LayerKind::multiply); }
  void divide(const Node& node);
  void combine(const Node& node, LayerKind kind);
  void concat(const Node& node);
  void view(const Node& node);
  void slices(const Node& node);
  void upsample(const Node& node);
  void gather(const Node& node);
  void finish();

  const std::string& file_;
  Graph graph_;
  Network network_;
  std::map<std::string, LayerIndex> layer_of_;  ///< by value
  std::set<std::string> names_;
};

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

}  // namespace

Network onnx_model(const std::string& file, const std::string& content) {
  Graph graph = onnx_import::read_graph(file, content);
  const std::string producer = graph.producer;
  Network network = Importer{file, std::move(graph)}.run();
  network.description = "imported from ONNX";
  network.origin = fmt::format("ONNX, written by {}", producer);
  return network;
}

}  // namespace nibble
