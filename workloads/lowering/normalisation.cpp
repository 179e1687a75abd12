#include <utility>

#include "workloads/lowering/builder.hpp"

namespace nibble::lowering {

void Builder::forward_batch_norm(LayerIndex index) {
  const Layer& l = layer(index);
  const Elements pairs{2 * l.output.front()};  // two values a channel
  const ValueId x = saved_[index].inputs.front();
  const Elements elements = graph_.value(x).elements;
  const ValueId y = value(l.name + ":out", recipe_.vector, elements);
  std::vector<Use> inputs{all_of(x)}, outputs{all_of(y)};
  saved_[index].affine = affine_of(index);
  if (saved_[index].affine) inputs.push_back(all_of(small(*saved_[index].affine).working));
  if (training_) {
    saved_[index].remembered = save(index, x);
    if (!recomputing_) {
      saved_[index].statistics = value(l.name + ":statistics", "fp32", pairs);
      add_node(index, Pass::vector_fwd, NodeKind::reduction, elements, {all_of(x)},
               {all_of(*saved_[index].statistics, true)}, {{VectorKind::batch_norm_statistics, elements}});
    }
    inputs.push_back(all_of(*saved_[index].statistics));
  }
  if (training_ && !recomputing_) {
    // The running averages, which inference will fold in, move towards this batch's.
    std::optional<ValueId>& running = saved_[owner_of(index)].running;
    if (!running) running = parameter(l.name + ":running statistics", "fp32", pairs);
    inputs.push_back(all_of(*running));
    running = update_in_place(*running, outputs);
    outputs.back().at_end = true;  // of the statistics, which are added up already
  }
  add_node(index, Pass::vector_fwd, NodeKind::pointwise, elements, std::move(inputs), std::move(outputs),
           {{VectorKind::scale_shift, elements}});
  set_output(index, y);
}

void Builder::forward_layer_norm(LayerIndex index) {
  const std::uint64_t rows = graph_.value(saved_[index].inputs.front()).elements.value() / layer(index).output.back();
  forward_rows(index, VectorKind::layer_norm, "statistics", Elements{2 * rows});  // mean and deviation
}

void Builder::backward_batch_norm(LayerIndex index, ValueId dy) {
  const Layer& l = layer(index);
  const Saved& saved = saved_[index];
  const ValueId x = *saved.remembered;
  const Elements elements = graph_.value(dy).elements;
  const ValueId sums = value(l.name + ":affine:grad", "fp32", Elements{2 * l.output.front()});
  add_node(index, Pass::vector_bwd, NodeKind::reduction, elements,
           {all_of(dy), all_of(x), all_of(*saved.statistics)}, {all_of(sums, true)},
           {{VectorKind::batch_norm_backward_reduce, elements}});
  std::vector<Use> inputs{all_of(dy), all_of(x), all_of(*saved.statistics), all_of(sums)};
  if (saved.affine) {
    contribute_small(index, *saved.affine, sums);
    inputs.push_back(all_of(small(*saved.affine).working));
  }
  if (!needs_gradient(l.inputs.front())) return;
  const ValueId dx = value(l.name + ":in:grad", recipe_.vector, elements);
  add_node(index, Pass::vector_bwd, NodeKind::pointwise, elements, std::move(inputs), {all_of(dx)},
           {{VectorKind::batch_norm_backward_apply, elements}});
  contribute(l.inputs.front(), dx);
}

void Builder::backward_layer_norm(LayerIndex index, ValueId dy) {
  backward_rows(index, dy, VectorKind::layer_norm_backward, Elements{2 * layer(index).output.back()});
}

/// The arithmetic of an l2_norm: a row's root mean square is its length times a constant.
void Builder::forward_rms_norm(LayerIndex index) {
  const std::uint64_t rows = graph_.value(saved_[index].inputs.front()).elements.value() / layer(index).output.back();
  forward_rows(index, VectorKind::l2_norm, "lengths", Elements{rows});
}

void Builder::backward_rms_norm(LayerIndex index, ValueId dy) {
  backward_rows(index, dy, VectorKind::l2_norm_backward, Elements{layer(index).output.back()});
}

/// Over the channels of each pixel, which lie side by side in memory.
void Builder::forward_l2_norm(LayerIndex index) {
  const std::uint64_t rows = graph_.value(saved_[index].inputs.front()).elements.value() / layer(index).output.front();
  forward_rows(index, VectorKind::l2_norm, "lengths", Elements{rows});
}

void Builder::backward_l2_norm(LayerIndex index, ValueId dy) {
  backward_rows(index, dy, VectorKind::l2_norm_backward, Elements{layer(index).output.front()});
}

/// A normalisation of each row by itself. `statistics`: what its rows leave for the backward pass.
void Builder::forward_rows(LayerIndex index, VectorKind kind, const std::string& statistics, Elements of_rows) {
  const Layer& l = layer(index);
  Saved& saved = saved_[index];
  const ValueId x = saved.inputs.front();
  const Elements elements = graph_.value(x).elements;
  saved.statistics = value(l.name + ":" + statistics, "fp32", of_rows);
  const ValueId y = value(l.name + ":out", recipe_.vector, elements);
  std::vector<Use> inputs{all_of(x)};
  saved.affine = affine_of(index);
  if (saved.affine) inputs.push_back(all_of(small(*saved.affine).working));
  saved.remembered = save(index, x);
  add_node(index, Pass::vector_fwd, NodeKind::row_wise, elements, std::move(inputs),
           {all_of(y), all_of(*saved.statistics)}, {{kind, elements}});
  set_output(index, y);
}

void Builder::backward_rows(LayerIndex index, ValueId dy, VectorKind kind, Elements affine) {
  const Layer& l = layer(index);
  const Saved& saved = saved_[index];
  const Elements elements = graph_.value(dy).elements;
  const ValueId dx = value(l.name + ":in:grad", recipe_.vector, elements);
  const ValueId sums = value(l.name + ":affine:grad", "fp32", affine);
  std::vector<Use> inputs{all_of(dy), all_of(*saved.remembered), all_of(*saved.statistics)};
  std::vector<Use> outputs{all_of(dx)};
  if (saved.affine) {
    inputs.push_back(all_of(small(*saved.affine).working));
    outputs.push_back(all_of(sums, true));
  }
  add_node(index, Pass::vector_bwd, NodeKind::row_wise, elements, std::move(inputs), std::move(outputs), {{kind, elements}});
  if (saved.affine) contribute_small(index, *saved.affine, sums);
  contribute(l.inputs.front(), dx);
}

}  // namespace nibble::lowering
