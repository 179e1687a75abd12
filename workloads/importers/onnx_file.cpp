// The one file that knows ONNX's own types.
#include <fmt/format.h>

#include "models/base/error.hpp"
#include "workloads/importers/onnx_graph.hpp"

#ifdef NIBBLE_HAS_ONNX
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>
#pragma GCC diagnostic pop
#endif

namespace nibble::onnx_import {

#ifndef NIBBLE_HAS_ONNX

Graph read_graph(const std::string& file, const std::string&) {
  throw InputError{"ONNX-MISSING", fmt::format("'{}': this program was built without ONNX", file),
                   "install libonnx-dev and build again"};
}

#else

namespace {

constexpr int kFewValues = 64;  // scalars, shapes and paddings are read, weights are not

[[noreturn]] void fail(const std::string& id, const std::string& file, const std::string& what, const std::string& hint) {
  throw InputError{Problem{id, file, 0, 0, what, hint}};
}

template <class Value>
void append_raw(const std::string& raw, std::vector<double>& values) {
  for (std::size_t at = 0; at + sizeof(Value) <= raw.size(); at += sizeof(Value)) {
    Value value;
    std::copy_n(raw.data() + at, sizeof(Value), reinterpret_cast<char*>(&value));
    values.push_back(static_cast<double>(value));
  }
}

Constant constant_of(const onnx::TensorProto& tensor) {
  Constant constant;
  std::int64_t elements = 1;
  for (const std::int64_t dim : tensor.dims()) {
    constant.dims.push_back(dim);
    elements *= dim;
  }
  if (elements > kFewValues) return constant;
  switch (tensor.data_type()) {
    case onnx::TensorProto::FLOAT:
      constant.values.assign(tensor.float_data().begin(), tensor.float_data().end());
      if (constant.values.empty()) append_raw<float>(tensor.raw_data(), constant.values);
      break;
    case onnx::TensorProto::INT64:
      for (const std::int64_t value : tensor.int64_data()) constant.values.push_back(static_cast<double>(value));
      if (constant.values.empty()) append_raw<std::int64_t>(tensor.raw_data(), constant.values);
      break;
    case onnx::TensorProto::DOUBLE:
      constant.values.assign(tensor.double_data().begin(), tensor.double_data().end());
      if (constant.values.empty()) append_raw<double>(tensor.raw_data(), constant.values);
      break;
    default:
      break;
  }
  return constant;
}

/// Every dimension of an input must be a number, but the first may be a word: the batch, which becomes 1.
void fix_batch(onnx::ValueInfoProto& input, const std::string& file) {
  auto* const shape = input.mutable_type()->mutable_tensor_type()->mutable_shape();
  for (int d = 0; d < shape->dim_size(); ++d) {
    auto* const dim = shape->mutable_dim(d);
    if (d == 0 && !dim->has_dim_value()) {
      dim->set_dim_value(1);
    } else if (d == 0 && dim->dim_value() != 1 && shape->dim_size() > 1) {
      fail("ONNX-BATCH", file, fmt::format("input '{}' is of a batch of {}", input.name(), dim->dim_value()),
           "export the model with a batch of 1, or with a name for it; --batch says how many samples run");
    } else if (!dim->has_dim_value()) {
      fail("ONNX-SHAPE", file, fmt::format("input '{}': dimension {} is '{}'", input.name(), d, dim->dim_param()),
           "only the first dimension, the batch, may be a name");
    }
  }
}

void add_shape(const onnx::ValueInfoProto& value, Graph& graph) {
  if (!value.type().has_tensor_type() || !value.type().tensor_type().has_shape()) return;
  std::vector<std::int64_t> dims;
  for (const auto& dim : value.type().tensor_type().shape().dim()) {
    if (!dim.has_dim_value()) return;
    dims.push_back(dim.dim_value());
  }
  graph.shapes[value.name()] = std::move(dims);
}

Node node_of(const onnx::NodeProto& proto) {
  Node node;
  node.op = proto.domain().empty() || proto.domain() == "ai.onnx" ? proto.op_type()
                                                                  : proto.domain() + "." + proto.op_type();
  node.inputs = {proto.input().begin(), proto.input().end()};
  node.outputs = {proto.output().begin(), proto.output().end()};
  node.name = !proto.name().empty() ? proto.name() : node.outputs.empty() ? node.op : node.outputs.front();
  for (const onnx::AttributeProto& attribute : proto.attribute()) {
    switch (attribute.type()) {
      case onnx::AttributeProto::INT:
        node.integers[attribute.name()] = {attribute.i()};
        break;
      case onnx::AttributeProto::INTS:
        node.integers[attribute.name()] = {attribute.ints().begin(), attribute.ints().end()};
        break;
      case onnx::AttributeProto::FLOAT:
        node.numbers[attribute.name()] = static_cast<double>(attribute.f());
        break;
      case onnx::AttributeProto::STRING:
        node.words[attribute.name()] = attribute.s();
        break;
      default:
        break;
    }
  }
  return node;
}

}  // namespace

Graph read_graph(const std::string& file, const std::string& content) {
  onnx::ModelProto model;
  if (!model.ParseFromString(content) || !model.has_graph() || model.graph().node_size() == 0) {
    fail("ONNX-PARSE", file, "this is no ONNX model", "a file that torch.onnx.export or another exporter wrote");
  }
  Graph graph;
  graph.producer = fmt::format("{} {}", model.producer_name(), model.producer_version());
  for (const onnx::TensorProto& tensor : model.graph().initializer()) graph.constants[tensor.name()] = constant_of(tensor);
  for (onnx::ValueInfoProto& input : *model.mutable_graph()->mutable_input()) {
    if (graph.constants.contains(input.name())) continue;  // older models list weights among their inputs
    fix_batch(input, file);
    graph.inputs.push_back(input.name());
  }
  for (onnx::ValueInfoProto& output : *model.mutable_graph()->mutable_output()) {
    graph.outputs.push_back(output.name());
    if (output.type().has_tensor_type()) output.mutable_type()->mutable_tensor_type()->clear_shape();  // inferred anew
  }
  model.mutable_graph()->clear_value_info();
  try {
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), {false, 1, true});
  } catch (const std::exception& error) {
    const std::string why = error.what();  // a line for every node: the first is the cause of the others
    fail("ONNX-SHAPE", file, "its shapes cannot be inferred: " + why.substr(0, why.find('\n')), "");
  }
  for (const auto& value : model.graph().input()) add_shape(value, graph);
  for (const auto& value : model.graph().output()) add_shape(value, graph);
  for (const auto& value : model.graph().value_info()) add_shape(value, graph);
  for (const onnx::NodeProto& proto : model.graph().node()) {
    graph.nodes.push_back(node_of(proto));
    if (proto.op_type() != "Constant") continue;
    for (const onnx::AttributeProto& attribute : proto.attribute()) {
      if (attribute.name() == "value") graph.constants[proto.output(0)] = constant_of(attribute.t());
    }
  }
  return graph;
}

#endif

}  // namespace nibble::onnx_import
