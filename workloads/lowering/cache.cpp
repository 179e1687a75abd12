#include <fmt/format.h>

#include "models/base/error.hpp"
#include "workloads/lowering/builder.hpp"

namespace nibble::lowering {

/// What earlier steps left lies in memory as the product reads it; the newest positions are rounded and written behind it.
void Builder::forward_cache(LayerIndex index) {
  const Layer& l = layer(index);
  if (training_) {
    throw InputError{"LOW-UNSUPPORTED", fmt::format("layer '{}' is a cache: the network generates, and cannot be trained", l.name),
                     "simulate it with --mode inference"};
  }
  const ValueId newest = saved_[index].inputs.front();
  const Elements elements = graph_.value(newest).elements;
  const ValueId earlier = value(l.name + ":cache", operand_format(index), whole(l.output));
  graph_.value(earlier).input = true;
  std::vector<Use> outputs;
  const ValueId all = update_in_place(earlier, outputs);
  outputs.back().elements = elements;
  graph_.value(all).kept = true;
  const bool as_it_is = graph_.value(newest).format == graph_.value(earlier).format;
  add_node(index, Pass::vector_fwd, NodeKind::pointwise, elements, {all_of(newest)}, std::move(outputs),
           {{as_it_is ? VectorKind::copy : VectorKind::cast, elements}});
  set_output(index, all);
}

std::string Builder::operand_format(LayerIndex index) const {
  for (LayerIndex reader = index + 1; reader < network_.layers.size(); ++reader) {
    const Layer& l = network_.layers[reader];
    for (std::size_t i = 0; i < l.inputs.size(); ++i) {
      if (l.inputs[i] != index) continue;
      if (l.kind == LayerKind::reshape) return operand_format(reader);
      if (l.kind == LayerKind::matmul) return i == 0 ? precision_.of(reader).fwd.a : precision_.of(reader).fwd.b;
    }
  }
  return recipe_.vector;
}

}  // namespace nibble::lowering
