#include "models/base/check.hpp"
#include "workloads/lowering/builder.hpp"

namespace nibble::lowering {

void Builder::update() {
  for (auto& [index, weights] : weights_) {
    if (weights.gradient) update_weights(weights);
  }
  for (const auto& [index, gradients] : small_gradients_) update_small(index);
}

void Builder::update_weights(Weights& weights) {
  const std::string& name = layer(weights.layer).name;
  const bool adam = recipe_.optimizer == Optimizer::adam;
  std::vector<Use> inputs{all_of(*weights.gradient), all_of(weights.master)};
  std::vector<Use> outputs;
  const auto in_place = [&](ValueId old) {
    const ValueId next = value(graph_.value(old).name + " (next)", graph_.value(old).format, weights.elements);
    graph_.place(next, old);
    outputs.push_back(all_of(next));
    return next;
  };
  const ValueId master = in_place(weights.master);
  for (int state = 0; state < (adam ? 2 : 1); ++state) {
    const ValueId id = parameter(name + (state == 0 ? ":first moment" : ":second moment"), recipe_.optimizer_state,
                                 weights.elements);
    inputs.push_back(all_of(id));
    in_place(id);
  }
  std::vector<WorkItem> work{{adam ? VectorKind::adam : VectorKind::sgd_momentum, weights.elements}};
  if (recipe_.stochastic_rounding) work.push_back({VectorKind::stochastic_rounding, weights.elements});
  add_node(weights.layer, Pass::update, NodeKind::pointwise, weights.elements, std::move(inputs), std::move(outputs),
           std::move(work));
  if (weights.quantised) quantise_weights(weights, master);
}

void Builder::quantise_weights(const Weights& weights, ValueId master) {
  const ValueId next = value(graph_.value(*weights.quantised).name + " (next)", graph_.value(*weights.quantised).format,
                             weights.elements);
  graph_.place(next, *weights.quantised);
  std::vector<Use> inputs{all_of(master)};
  VectorKind kind = VectorKind::cast;
  if (weights.quantiser == WeightQuantiser::sawb) {
    // The clip comes out of E|w| and E w^2 of all weights, so quantising is a second pass.
    const ValueId statistics = value(layer(weights.layer).name + ":weight:statistics", "fp32", Elements{2});
    add_node(weights.layer, Pass::update, NodeKind::reduction, weights.elements, {all_of(master)},
             {all_of(statistics, true)}, {{VectorKind::sawb_statistics, weights.elements}});
    inputs.push_back(all_of(statistics));
    kind = VectorKind::sawb_quantise;
  }
  add_node(weights.layer, Pass::update, NodeKind::pointwise, weights.elements, std::move(inputs), {all_of(next)},
           {{kind, weights.elements}});
}

void Builder::update_small(LayerIndex index) {
  // Biases, scales and shifts: few, kept in FP32 with their optimiser state whatever the recipe.
  const bool adam = recipe_.optimizer == Optimizer::adam;
  for (const ValueId gradient : small_gradients_.at(index)) {
    const Elements elements = graph_.value(gradient).elements;
    const std::string& name = graph_.value(gradient).name;
    std::vector<Use> inputs{all_of(gradient)}, outputs;
    for (const char* what : {":master", ":first moment", ":second moment"}) {
      if (!adam && what == std::string{":second moment"}) continue;
      const ValueId old = parameter(name + what, "fp32", elements);
      const ValueId next = value(name + what + " (next)", "fp32", elements);
      graph_.place(next, old);
      inputs.push_back(all_of(old));
      outputs.push_back(all_of(next));
    }
    add_node(index, Pass::update, NodeKind::pointwise, elements, std::move(inputs), std::move(outputs),
             {{adam ? VectorKind::adam : VectorKind::sgd_momentum, elements}});
  }
}

}  // namespace nibble::lowering
