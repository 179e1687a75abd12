#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "models/base/error.hpp"
#include "workloads/importers/onnx_graph.hpp"
#include "workloads/trace/network.hpp"

namespace nibble::onnx_import {

/// Elements of a tensor of these dimensions.
inline std::uint64_t product(const std::vector<std::int64_t>& dims) {
  std::uint64_t elements = 1;
  for (const std::int64_t dim : dims) elements *= static_cast<std::uint64_t>(dim);
  return elements;
}

/// Turns nodes into layers, one after the other, in the order of the file, which is one in which they can run.
class Importer {
 public:
  Importer(const std::string& file, Graph graph) : file_{file}, graph_{std::move(graph)} {}

  Network run();

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
  bool reads_data(const Node& node) const;
  void add_node(const Node& node);
  const std::vector<std::int64_t>& shape_of(const std::string& value, const std::string& who) const;
  /// A sample's shape: without the batch, which stands first and is 1.
  static Shape sample(const std::vector<std::int64_t>& dims);
  Shape output_of(const Node& node) const { return sample(shape_of(node.outputs.front(), node.name)); }
  const Shape& input_shape(LayerIndex layer) const { return network_.layers[layer].output; }

  LayerIndex push(Layer layer);
  /// A layer for the node, checked as one of a trace is.
  Layer& add(const Node& node, LayerKind kind, std::vector<LayerIndex> inputs, Shape output,
             const std::function<void(Layer&)>& fill = {});
  /// The layer that gives an operand; a constant of many numbers is an input that arrives with the samples.
  LayerIndex operand(const std::string& value);
  bool is_data(const std::string& value) const { return layer_of_.contains(value); }
  const Constant* weights(const Node& node, std::size_t input) const;
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

}  // namespace nibble::onnx_import
