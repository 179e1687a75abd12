#include <fmt/format.h>

#include "models/base/check.hpp"
#include "workloads/lowering/builder.hpp"

namespace nibble::lowering {
namespace {

/// What the optimiser keeps of each parameter besides the master.
std::vector<std::string> states_of(Optimizer optimizer) {
  switch (optimizer) {
    case Optimizer::sgd_momentum:
      return {"momentum"};
    case Optimizer::adam:
      return {"first moment", "second moment"};
  }
  throw InternalError{"an optimiser outside the enumeration"};
}

VectorKind kind_of(Optimizer optimizer) {
  return optimizer == Optimizer::adam ? VectorKind::adam : VectorKind::sgd_momentum;
}

}  // namespace

void Builder::update() {
  for (auto& [index, weights] : weights_) {
    if (weights.gradient) update_weights(weights);
  }
  for (const auto& [index, parameters] : small_) update_small(index);
}

/// The parameter's content after this step, in the memory of the old.
ValueId Builder::update_in_place(ValueId old, std::vector<Use>& outputs) {
  const ValueId next =
      value(graph_.value(old).name + " (next)", graph_.value(old).format, graph_.value(old).elements);
  graph_.place(next, old);
  outputs.push_back(all_of(next));
  return next;
}

void Builder::update_weights(Weights& weights) {
  const std::string& name = layer(weights.layer).name;
  std::vector<Use> inputs{all_of(*weights.gradient), all_of(*weights.master)};
  std::vector<Use> outputs;
  const ValueId master = update_in_place(*weights.master, outputs);
  for (const std::string& state : states_of(recipe_.optimizer)) {
    const ValueId id =
        parameter(fmt::format("{}:weight:{}", name, state), recipe_.optimizer_state, weights.elements);
    inputs.push_back(all_of(id));
    update_in_place(id, outputs);
  }
  std::vector<WorkItem> work{{kind_of(recipe_.optimizer), weights.elements}};
  if (recipe_.stochastic_rounding) work.push_back({VectorKind::stochastic_rounding, weights.elements});
  add_node(weights.layer, Pass::update, NodeKind::pointwise, weights.elements, std::move(inputs),
           std::move(outputs), std::move(work));
  quantise_weights(weights, master);
}

void Builder::quantise_weights(const Weights& weights, ValueId master) {
  std::optional<ValueId> statistics;
  for (const auto& [format, copy] : weights.copies) {
    std::vector<Use> inputs{all_of(master)}, outputs;
    if (copy.sawb && !statistics) {
      // The clip comes out of E|w| and E w^2 of all weights, so quantising is a second pass.
      statistics = value(layer(weights.layer).name + ":weight:statistics", "fp32", Elements{2});
      add_node(weights.layer, Pass::update, NodeKind::reduction, weights.elements, {all_of(master)},
               {all_of(*statistics, true)}, {{VectorKind::sawb_statistics, weights.elements}});
    }
    if (copy.sawb) inputs.push_back(all_of(*statistics));
    update_in_place(copy.value, outputs);
    add_node(weights.layer, Pass::update, NodeKind::pointwise, weights.elements, std::move(inputs),
             std::move(outputs),
             {{copy.sawb ? VectorKind::sawb_quantise : VectorKind::cast, weights.elements}});
  }
}

/// One kernel for all small parameters of a layer.
void Builder::update_small(LayerIndex index) {
  std::vector<Use> inputs, outputs;
  Elements elements, narrowed;
  for (const SmallParameter& small : small_.at(index)) {
    if (!small.gradient) continue;
    const std::string name = graph_.value(small.working).name;
    const Elements n = graph_.value(small.working).elements;
    elements += n;
    inputs.push_back(all_of(*small.gradient));
    std::vector<ValueId> kept;
    const bool separate = graph_.value(small.working).format != kSmallMaster;
    kept.push_back(separate ? parameter(name + ":master", kSmallMaster, n) : small.working);
    for (const std::string& state : states_of(recipe_.optimizer)) {
      kept.push_back(parameter(fmt::format("{}:{}", name, state), kSmallMaster, n));
    }
    for (const ValueId id : kept) {
      inputs.push_back(all_of(id));
      update_in_place(id, outputs);
    }
    if (!separate) continue;
    update_in_place(small.working, outputs);
    narrowed += n;
  }
  if (elements.value() == 0) return;
  std::vector<WorkItem> work{{kind_of(recipe_.optimizer), elements}};
  if (narrowed.value() > 0) work.push_back({VectorKind::cast, narrowed});
  add_node(index, Pass::update, NodeKind::pointwise, elements, std::move(inputs), std::move(outputs),
           std::move(work));
}

}  // namespace nibble::lowering
