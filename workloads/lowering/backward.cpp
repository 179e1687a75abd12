#include <fmt/format.h>

#include "models/base/check.hpp"
#include "models/base/error.hpp"
#include "workloads/lowering/builder.hpp"

namespace nibble::lowering {
namespace {

VectorKind backward_kind(LayerKind kind) {
  switch (kind) {
    case LayerKind::relu:
      return VectorKind::relu_backward;
    case LayerKind::relu6:
      return VectorKind::relu6_backward;
    case LayerKind::leaky_relu:
      return VectorKind::leaky_relu_backward;
    case LayerKind::gelu:
      return VectorKind::gelu_backward;
    case LayerKind::sigmoid:
      return VectorKind::sigmoid_backward;
    case LayerKind::tanh:
      return VectorKind::tanh_backward;
    case LayerKind::silu:
      return VectorKind::silu_backward;
    case LayerKind::softmax:
      return VectorKind::softmax_backward;
    default:
      return VectorKind::dropout_backward;
  }
}

}  // namespace

void Builder::backward() {
  backward_of_segments();
}

/// The sum of all that flows back into a layer's output; none if nothing does.
std::optional<ValueId> Builder::gradient_of_output(LayerIndex index) {
  complete_slices(index);
  gradients_of_copies(index);
  if (contributions_[index].empty()) return {};
  const ValueId sum = sum_gradients(index, contributions_[index], layer(index).name + ":grad");
  if (layer(index).gradient_zeros) graph_.value(sum).zeros = *layer(index).gradient_zeros;
  return sum;
}

ValueId Builder::sum_gradients(LayerIndex index, const std::vector<ValueId>& parts, const std::string& name) {
  ValueId sum = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    sum = pointwise(index, Pass::vector_bwd, VectorKind::add, {parts[i], sum},
                    fmt::format("{} ({})", name, i + 1));
  }
  return sum;
}

void Builder::backward_layer(LayerIndex index) {
  const Layer& l = layer(index);
  if (!needs_gradient(index)) return;
  if (is_loss(l.kind)) return backward_loss(index);
  const std::optional<ValueId> dy = gradient_of_output(index);
  if (!dy) return;
  switch (l.kind) {
    case LayerKind::conv2d:
    case LayerKind::linear:
      return backward_gemm(index, *dy);
    case LayerKind::matmul:
      return backward_matmul(index, *dy);
    case LayerKind::lstm:
      return backward_lstm(index, *dy);
    case LayerKind::batch_norm:
      return backward_batch_norm(index, *dy);
    case LayerKind::layer_norm:
      return backward_layer_norm(index, *dy);
    case LayerKind::rms_norm:
      return backward_rms_norm(index, *dy);
    case LayerKind::l2_norm:
      return backward_l2_norm(index, *dy);
    case LayerKind::max_pool:
    case LayerKind::avg_pool:
    case LayerKind::global_avg_pool:
    case LayerKind::upsample:
      return backward_pool(index, *dy);
    case LayerKind::add:
    case LayerKind::multiply:
    case LayerKind::scale:
      return backward_combine(index, *dy);
    case LayerKind::reshape:
      return backward_reshape(index, *dy);
    case LayerKind::concat:
      return backward_concat(index, *dy);
    case LayerKind::embedding:
      return backward_embedding(index, *dy);
    default:
      return backward_activation(index, *dy, backward_kind(l.kind));
  }
}

void Builder::backward_activation(LayerIndex index, ValueId dy, VectorKind kind) {
  const Layer& l = layer(index);
  const Elements elements = graph_.value(dy).elements;
  const ValueId dx = value(l.name + ":in:grad", recipe_.vector, elements);
  graph_.value(dx).zeros = graph_.value(dy).zeros;
  add_node(index, Pass::vector_bwd, l.kind == LayerKind::softmax ? NodeKind::row_wise : NodeKind::pointwise,
           elements, {all_of(dy), all_of(*saved_[index].remembered)}, {all_of(dx)}, {{kind, elements}});
  contribute(l.inputs.front(), dx);
}

void Builder::backward_pool(LayerIndex index, ValueId dy) {
  const Layer& l = layer(index);
  const Elements inputs = whole(input_of(index).output), outputs = whole(l.output);
  const ValueId dx = value(l.name + ":in:grad", recipe_.vector, inputs);
  std::vector<Use> reads{all_of(dy)};
  std::vector<WorkItem> work;
  if (l.kind == LayerKind::max_pool) {
    reads.push_back(all_of(*saved_[index].remembered));
    work = {{VectorKind::zero_fill, inputs}, {VectorKind::max_pool_backward, outputs}};
  } else if (l.kind == LayerKind::upsample) {
    work = {{VectorKind::upsample_backward, inputs, outputs.value() / inputs.value()}};
  } else if (l.kind == LayerKind::avg_pool) {
    work = {{VectorKind::avg_pool_backward, outputs, l.window.kernel[0] * l.window.kernel[1]}};
  } else {
    work = {{VectorKind::global_avg_pool_backward, inputs}};
  }
  add_node(index, Pass::vector_bwd, NodeKind::reshaping, inputs, std::move(reads), {all_of(dx)},
           std::move(work));
  contribute(l.inputs.front(), dx);
}

void Builder::backward_combine(LayerIndex index, ValueId dy) {
  const Layer& l = layer(index);
  for (std::size_t i = 0; i < l.inputs.size(); ++i) {
    if (!needs_gradient(l.inputs[i])) continue;
    const Elements elements = graph_.value(saved_[index].inputs[i]).elements;
    ValueId dx = dy;
    if (l.kind == LayerKind::multiply) {
      dx = value(fmt::format("{}:in{}:grad", l.name, i), recipe_.vector, graph_.value(dy).elements);
      add_node(index, Pass::vector_bwd, NodeKind::pointwise, graph_.value(dy).elements,
               {all_of(dy), all_of(i == 0 ? *saved_[index].b : *saved_[index].a)}, {all_of(dx)},
               {{VectorKind::multiply_backward, graph_.value(dy).elements}});
    } else if (l.kind == LayerKind::scale) {
      dx = pointwise(index, Pass::vector_bwd, VectorKind::rescale, {dy}, l.name + ":in:grad");
    }
    if (elements != graph_.value(dx).elements) {  // broadcast on the way forward, summed on the way back
      const ValueId sum = value(fmt::format("{}:in{}:grad (summed)", l.name, i), recipe_.vector, elements);
      Use of_samples = all_of(sum, true);
      of_samples.summed = false;  // each sample has its own sum, on the core that has the sample
      add_node(index, Pass::vector_bwd, NodeKind::reduction, graph_.value(dx).elements, {all_of(dx)},
               {of_samples}, {{VectorKind::broadcast_gradient, graph_.value(dx).elements}});
      dx = sum;
    }
    contribute(l.inputs[i], dx);
  }
}

void Builder::backward_reshape(LayerIndex index, ValueId dy) {
  if (layer(index).slice) return backward_slice(index, dy);
  contribute(layer(index).inputs.front(), dy);
}

void Builder::backward_slice(LayerIndex index, ValueId dy) {
  // All slices of a layer write their gradients into one tensor, side by side.
  const LayerIndex source = layer(index).inputs.front();
  const auto [gathered, fresh] = gathered_.try_emplace(source);
  if (fresh) {
    gathered->second.value =
        value(layer(source).name + ":grad (of slices)", recipe_.vector, whole(layer(source).output));
    contribute(source, gathered->second.value);
  }
  gathered->second.covered += graph_.value(dy).elements;
  if (!graph_.value(dy).part_of && graph_.value(dy).format == recipe_.vector) {
    graph_.place(dy, gathered->second.value);
    return;
  }
  const ValueId copy =
      pointwise(index, Pass::vector_bwd, VectorKind::copy, {dy}, layer(index).name + ":in:grad");
  graph_.place(copy, gathered->second.value);
}

void Builder::complete_slices(LayerIndex index) {
  const auto gathered = gathered_.find(index);
  if (gathered == gathered_.end()) return;
  const Elements all = whole(layer(index).output);
  if (gathered->second.covered > all) {
    throw InputError{"LOW-UNSUPPORTED",
                     fmt::format("slices of layer '{}' overlap: {} elements of {}", layer(index).name,
                                 gathered->second.covered.value(), all.value()),
                     "trace a slice that several layers read as one layer"};
  }
  if (gathered->second.covered == all) return;
  // What no slice took has no gradient: zeros.
  const Elements rest = all - gathered->second.covered;
  const ValueId zeros = value(layer(index).name + ":grad (outside of slices)", recipe_.vector, rest);
  add_node(index, Pass::vector_bwd, NodeKind::reshaping, rest, {}, {all_of(zeros)},
           {{VectorKind::zero_fill, rest}});
  graph_.place(zeros, gathered->second.value);
}

void Builder::backward_concat(LayerIndex index, ValueId dy) {
  for (const LayerIndex input : layer(index).inputs) {
    const ValueId part =
        value(layer(input).name + ":grad (slice)", graph_.value(dy).format, whole(layer(input).output));
    graph_.place(part, dy);
    contribute(input, part);
  }
}

void Builder::backward_embedding(LayerIndex index, ValueId dy) {
  // Rows are added where the indices say: into what another use of the table left, or into zeros.
  Weights& weights = weights_of(index);
  const std::string& name = layer(index).name;
  const Elements rows = graph_.value(dy).elements;
  if (!weights.gradient) {
    weights.gradient = value(name + ":weight:grad", recipe_.vector, weights.elements);
    add_node(index, Pass::vector_bwd, NodeKind::reshaping, weights.elements, {}, {all_of(*weights.gradient)},
             {{VectorKind::zero_fill, weights.elements}});
  }
  const ValueId added = value(name + ":weight:grad (rows)", graph_.value(*weights.gradient).format, rows);
  graph_.place(added, *weights.gradient);
  add_node(index, Pass::vector_bwd, NodeKind::reshaping, rows,
           {all_of(dy), all_of(saved_[index].inputs.front()), {*weights.gradient, rows}}, {all_of(added)},
           {{VectorKind::embedding_scatter_add, rows}});
}

}  // namespace nibble::lowering
