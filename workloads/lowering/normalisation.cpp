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
  const Layer& l = layer(index);
  const ValueId x = saved_[index].inputs.front();
  const Elements elements = graph_.value(x).elements;
  const ValueId statistics =
      value(l.name + ":statistics", "fp32", Elements{2 * elements.value() / l.output.back()});
  const ValueId y = value(l.name + ":out", recipe_.vector, elements);
  std::vector<Use> inputs{all_of(x)};
  saved_[index].affine = affine_of(index);
  if (saved_[index].affine) inputs.push_back(all_of(small(*saved_[index].affine).working));
  saved_[index].remembered = save(index, x);
  saved_[index].statistics = statistics;
  add_node(index, Pass::vector_fwd, NodeKind::row_wise, elements, std::move(inputs),
           {all_of(y), all_of(statistics)}, {{VectorKind::layer_norm, elements}});
  set_output(index, y);
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
  const Layer& l = layer(index);
  const Saved& saved = saved_[index];
  const Elements elements = graph_.value(dy).elements;
  const ValueId dx = value(l.name + ":in:grad", recipe_.vector, elements);
  const ValueId sums = value(l.name + ":affine:grad", "fp32", Elements{2 * l.output.back()});
  std::vector<Use> inputs{all_of(dy), all_of(*saved.remembered), all_of(*saved.statistics)};
  std::vector<Use> outputs{all_of(dx)};
  if (saved.affine) {
    inputs.push_back(all_of(small(*saved.affine).working));
    outputs.push_back(all_of(sums, true));
  }
  add_node(index, Pass::vector_bwd, NodeKind::row_wise, elements, std::move(inputs), std::move(outputs),
           {{VectorKind::layer_norm_backward, elements}});
  if (saved.affine) contribute_small(index, *saved.affine, sums);
  contribute(l.inputs.front(), dx);
}

/// Over the channels of each pixel, which lie side by side in memory: rows, as layer norm's.
void Builder::forward_l2_norm(LayerIndex index) {
  const Layer& l = layer(index);
  const ValueId x = saved_[index].inputs.front();
  const Elements elements = graph_.value(x).elements;
  const ValueId lengths = value(l.name + ":lengths", "fp32", Elements{elements.value() / l.output.front()});
  const ValueId y = value(l.name + ":out", recipe_.vector, elements);
  std::vector<Use> inputs{all_of(x)};
  saved_[index].affine = affine_of(index);
  if (saved_[index].affine) inputs.push_back(all_of(small(*saved_[index].affine).working));
  saved_[index].remembered = save(index, x);
  saved_[index].statistics = lengths;
  add_node(index, Pass::vector_fwd, NodeKind::row_wise, elements, std::move(inputs), {all_of(y), all_of(lengths)},
           {{VectorKind::l2_norm, elements}});
  set_output(index, y);
}

void Builder::backward_l2_norm(LayerIndex index, ValueId dy) {
  const Layer& l = layer(index);
  const Saved& saved = saved_[index];
  const Elements elements = graph_.value(dy).elements;
  const ValueId dx = value(l.name + ":in:grad", recipe_.vector, elements);
  const ValueId sums = value(l.name + ":affine:grad", "fp32", Elements{l.output.front()});
  std::vector<Use> inputs{all_of(dy), all_of(*saved.remembered), all_of(*saved.statistics)};
  std::vector<Use> outputs{all_of(dx)};
  if (saved.affine) {
    inputs.push_back(all_of(small(*saved.affine).working));
    outputs.push_back(all_of(sums, true));
  }
  add_node(index, Pass::vector_bwd, NodeKind::row_wise, elements, std::move(inputs), std::move(outputs),
           {{VectorKind::l2_norm_backward, elements}});
  if (saved.affine) contribute_small(index, *saved.affine, sums);
  contribute(l.inputs.front(), dx);
}

}  // namespace nibble::lowering
