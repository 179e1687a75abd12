#include <fmt/format.h>

#include <algorithm>

#include "models/base/check.hpp"
#include "models/base/error.hpp"
#include "models/formats/format.hpp"
#include "workloads/lowering/builder.hpp"
#include "workloads/lowering/gemm_shapes.hpp"

namespace nibble::lowering {
namespace {

// Bits that a pool remembers of its winner: 4 for windows of up to 16 taps, else a byte.
const char* index_format(const Window& window) {
  return window.kernel[0] * window.kernel[1] <= 16 ? "int4" : "int8";
}

}  // namespace

void Builder::forward() {
  for (LayerIndex i = 0; i < network_.layers.size(); ++i) {
    for (const LayerIndex input : layer(i).inputs) saved_[i].inputs.push_back(*outputs_[input]);
    forward_layer(i);
  }
  // What the step is for: results that no layer reads. A loss keeps its own.
  std::vector<bool> read(network_.layers.size(), false);
  for (const Layer& reader : network_.layers) {
    for (const LayerIndex input : reader.inputs) read[input] = true;
  }
  for (LayerIndex i = 0; i < network_.layers.size(); ++i) {
    if (!read[i] && !is_loss(layer(i).kind)) graph_.value(*outputs_[i]).kept = true;
  }
}

void Builder::forward_layer(LayerIndex index) {
  switch (layer(index).kind) {
    case LayerKind::input: {
      const std::string& format = feeds_embeddings_only(index) ? "int32" : recipe_.vector;
      const ValueId id = value(layer(index).name, format, whole(layer(index).output));
      graph_.value(id).input = true;
      free_layers_.push_back(layer(index).name + ": arrives from outside; its readers' traffic counts it");
      return set_output(index, id);
    }
    case LayerKind::conv2d:
    case LayerKind::linear:
      return forward_gemm(index);
    case LayerKind::matmul:
      return forward_matmul(index);
    case LayerKind::lstm:
      return forward_lstm(index);
    case LayerKind::batch_norm:
      return forward_batch_norm(index);
    case LayerKind::layer_norm:
      return forward_layer_norm(index);
    case LayerKind::rms_norm:
      return forward_rms_norm(index);
    case LayerKind::l2_norm:
      return forward_l2_norm(index);
    case LayerKind::relu:
      return forward_activation(index, VectorKind::relu);
    case LayerKind::relu6:
      return forward_activation(index, VectorKind::relu6);
    case LayerKind::leaky_relu:
      return forward_activation(index, VectorKind::leaky_relu);
    case LayerKind::gelu:
      return forward_activation(index, VectorKind::gelu);
    case LayerKind::sigmoid:
      return forward_activation(index, VectorKind::sigmoid);
    case LayerKind::tanh:
      return forward_activation(index, VectorKind::tanh);
    case LayerKind::silu:
      return forward_activation(index, VectorKind::silu);
    case LayerKind::max_pool:
    case LayerKind::avg_pool:
    case LayerKind::global_avg_pool:
      return forward_pool(index);
    case LayerKind::upsample:
      return forward_upsample(index);
    case LayerKind::add:
      return forward_combine(index, VectorKind::add);
    case LayerKind::multiply:
      return forward_combine(index, VectorKind::multiply);
    case LayerKind::scale:
      return forward_combine(index, VectorKind::rescale);
    case LayerKind::softmax:
      return forward_softmax(index);
    case LayerKind::dropout:
      return forward_dropout(index);
    case LayerKind::embedding:
      return forward_embedding(index);
    case LayerKind::concat:
      return forward_concat(index);
    case LayerKind::cache:
      return forward_cache(index);
    case LayerKind::reshape:
      return forward_reshape(index);
    case LayerKind::loss:
    case LayerKind::multibox_loss:
    case LayerKind::yolo_loss:
      return forward_loss(index);
  }
  throw InputError{"LOW-UNSUPPORTED", fmt::format("layer '{}' of kind {} has no cost model",
                                                  layer(index).name, nibble::to_string(layer(index).kind))};
}

bool Builder::feeds_embeddings_only(LayerIndex index) const {
  bool any = false;
  for (LayerIndex i = index + 1; i < network_.layers.size(); ++i) {
    for (const LayerIndex input : layer(i).inputs) {
      if (input != index) continue;
      any = true;
      if (layer(i).kind == LayerKind::embedding) continue;
      if (layer(i).kind != LayerKind::reshape || !feeds_embeddings_only(i)) return false;
    }
  }
  return any;
}

ValueId Builder::save(LayerIndex index, ValueId id, Elements domain) {
  const std::string format = graph_.value(id).format;
  if (!training_ || format_storage(recipe_.saved).bits >= format_storage(format).bits) return id;
  const auto known = narrowed_.find(id);
  if (known != narrowed_.end()) return known->second;
  const Elements elements = graph_.value(id).elements;
  const ValueId copy = value(graph_.value(id).name + " (saved)", recipe_.saved, elements);
  graph_.value(copy).zeros = graph_.value(id).zeros;
  add_node(index, Pass::vector_fwd, NodeKind::pointwise, std::max(domain, elements), {all_of(id)}, {all_of(copy)},
           {{VectorKind::cast, elements}});
  narrowed_.emplace(id, copy);
  return copy;
}

void Builder::forward_gemm(LayerIndex index) {
  const Precision& precision = precision_.of(index);
  Saved& saved = saved_[index];
  saved.a = activation_operand(index, 0, precision.fwd.a);
  saved.b = weight_operand(index, precision.fwd.b);
  const ValueId sums = value(layer(index).name + ":out", precision.fwd.output, whole(layer(index).output));
  GemmPart part;
  part.gemm = forward_work(index);
  part.a = layer(index).kind == LayerKind::conv2d ? touched_inputs(layer(index), input_of(index), batch_)
                                                  : whole(input_of(index).output);
  part.b = weights_of(index).elements;
  add_gemm(index, Pass::fwd, *saved.a, *saved.b, sums, {part});
  set_output(index, layer(index).bias ? add_bias(index, sums) : sums);
}

ValueId Builder::add_bias(LayerIndex index, ValueId sums) {
  saved_[index].bias = bias_of(index);
  const ValueId bias = small(*saved_[index].bias).working;
  return pointwise(index, Pass::fwd, VectorKind::bias_add, {sums, bias}, layer(index).name + ":biased");
}

void Builder::forward_matmul(LayerIndex index) {
  const Precision& precision = precision_.of(index);
  Saved& saved = saved_[index];
  saved.a = activation_operand(index, 0, precision.fwd.a);
  saved.b = activation_operand(index, 1, precision.fwd.b);
  const ValueId sums = value(layer(index).name + ":out", precision.fwd.output, whole(layer(index).output));
  add_gemm(index, Pass::fwd, *saved.a, *saved.b, sums,
           {{forward_work(index), whole(input_of(index, 0).output), whole(input_of(index, 1).output)}});
  set_output(index, sums);
}

void Builder::forward_activation(LayerIndex index, VectorKind kind) {
  const Layer& l = layer(index);
  const ValueId x = saved_[index].inputs.front();
  const Elements elements = graph_.value(x).elements;
  const ValueId y = value(l.name + ":out", recipe_.vector, elements);
  std::vector<Use> outputs{all_of(y)};
  const bool masked =
      kind == VectorKind::relu || kind == VectorKind::relu6 || kind == VectorKind::leaky_relu;  // a bit an element is all that comes back
  if (training_ && masked) {
    saved_[index].remembered = value(l.name + ":mask", "bit", elements);
    outputs.push_back(all_of(*saved_[index].remembered));
  }
  add_node(index, Pass::vector_fwd, NodeKind::pointwise, elements, {all_of(x)}, std::move(outputs),
           {{kind, elements}});
  // Sigmoid and tanh come back from their output, gelu and silu from their input.
  const bool from_output = kind == VectorKind::sigmoid || kind == VectorKind::tanh;
  if (!masked) saved_[index].remembered = save(index, from_output ? y : x);
  set_output(index, y);
}

void Builder::forward_pool(LayerIndex index) {
  const Layer& l = layer(index);
  const ValueId x = saved_[index].inputs.front();
  const Elements outputs = whole(l.output);
  const ValueId y = value(l.name + ":out", recipe_.vector, outputs);
  std::vector<Use> made{all_of(y)};
  std::vector<WorkItem> work;
  const std::uint64_t taps = l.window.kernel[0] * l.window.kernel[1];
  if (l.kind == LayerKind::global_avg_pool) {
    work.push_back({VectorKind::global_avg_pool, graph_.value(x).elements});
  } else if (l.kind == LayerKind::avg_pool) {
    work.push_back({VectorKind::avg_pool, outputs, taps});
  } else {
    work.push_back({VectorKind::max_pool, outputs, taps});
    if (training_) {
      saved_[index].remembered = value(l.name + ":index", index_format(l.window), outputs);
      made.push_back(all_of(*saved_[index].remembered));
      work.push_back({VectorKind::max_pool_index, outputs, taps, saved_[index].remembered});
    }
  }
  add_node(index, Pass::vector_fwd, NodeKind::reshaping, outputs, {all_of(x)}, std::move(made),
           std::move(work));
  set_output(index, y);
}

void Builder::forward_upsample(LayerIndex index) {
  const ValueId x = saved_[index].inputs.front();
  const Elements outputs = whole(layer(index).output);
  const ValueId y = value(layer(index).name + ":out", recipe_.vector, outputs);
  add_node(index, Pass::vector_fwd, NodeKind::reshaping, outputs, {all_of(x)}, {all_of(y)},
           {{VectorKind::upsample, outputs}});
  set_output(index, y);
}

void Builder::forward_combine(LayerIndex index, VectorKind kind) {
  const Elements elements = whole(layer(index).output);
  const ValueId y = value(layer(index).name + ":out", recipe_.vector, elements);
  std::vector<Use> inputs;
  for (const ValueId input : saved_[index].inputs) inputs.push_back(all_of(input));
  const std::uint64_t repeat = inputs.size() > 1 ? inputs.size() - 1 : 1;
  add_node(index, Pass::vector_fwd, NodeKind::pointwise, elements, std::move(inputs), {all_of(y)},
           {{kind, elements, repeat}});
  if (kind == VectorKind::multiply) {
    saved_[index].a = save(index, saved_[index].inputs[0]);
    saved_[index].b = save(index, saved_[index].inputs[1]);
  }
  set_output(index, y);
}

void Builder::forward_softmax(LayerIndex index) {
  const ValueId x = saved_[index].inputs.front();
  const Elements elements = graph_.value(x).elements;
  const ValueId y = value(layer(index).name + ":out", recipe_.vector, elements);
  add_node(index, Pass::vector_fwd, NodeKind::row_wise, elements, {all_of(x)}, {all_of(y)},
           {{VectorKind::softmax, elements}});
  saved_[index].remembered = save(index, y);
  set_output(index, y);
}

void Builder::forward_dropout(LayerIndex index) {
  const ValueId x = saved_[index].inputs.front();
  if (!training_) {
    free_layers_.push_back(layer(index).name + ": dropout passes everything in inference");
    return set_output(index, x);
  }
  const Elements elements = graph_.value(x).elements;
  const ValueId y = value(layer(index).name + ":out", recipe_.vector, elements);
  saved_[index].remembered = value(layer(index).name + ":mask", "bit", elements);
  add_node(index, Pass::vector_fwd, NodeKind::pointwise, elements, {all_of(x)},
           {all_of(y), all_of(*saved_[index].remembered)}, {{VectorKind::dropout, elements}});
  set_output(index, y);
}

void Builder::forward_embedding(LayerIndex index) {
  const ValueId rows = saved_[index].inputs.front();
  const Elements elements = whole(layer(index).output);
  const ValueId table = weight_operand(index, recipe_.vector);
  const ValueId y = value(layer(index).name + ":out", recipe_.vector, elements);
  add_node(index, Pass::vector_fwd, NodeKind::reshaping, elements, {all_of(rows), {table, elements}},
           {all_of(y)}, {{VectorKind::embedding_gather, elements}});
  set_output(index, y);
}

void Builder::forward_concat(LayerIndex index) {
  const ValueId y = value(layer(index).name + ":out", recipe_.vector, whole(layer(index).output));
  std::vector<Use> inputs;
  for (const ValueId input : saved_[index].inputs) inputs.push_back(all_of(input));
  add_node(index, Pass::vector_fwd, NodeKind::reshaping, graph_.value(y).elements, std::move(inputs),
           {all_of(y)}, {{VectorKind::copy, graph_.value(y).elements}});
  set_output(index, y);
}

void Builder::forward_reshape(LayerIndex index) {
  const ValueId x = saved_[index].inputs.front();
  free_layers_.push_back(layer(index).name + ": another view of the same data, read with strides");
  if (!layer(index).slice) return set_output(index, x);
  // A part of its input, in the same memory.
  const ValueId part = value(layer(index).name + ":out", graph_.value(x).format, whole(layer(index).output));
  graph_.place(part, x);
  set_output(index, part);
}

}  // namespace nibble::lowering
