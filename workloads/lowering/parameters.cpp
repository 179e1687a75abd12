// Weights and small parameters, and which layers share them.
#include <fmt/format.h>

#include <algorithm>

#include "models/base/error.hpp"
#include "workloads/lowering/builder.hpp"

namespace nibble::lowering {

std::uint64_t Builder::bias_elements(LayerIndex index) const {
  const Layer& l = layer(index);
  if (!l.bias) return 0;
  if (l.kind == LayerKind::lstm) return l.parameters - lstm_weights(index).value();  // one or two numbers a gate
  return l.kind == LayerKind::conv2d ? l.output.front() : l.output.back();
}

std::optional<LayerIndex> Builder::sharer(LayerIndex index) const {
  const std::string& shared = layer(index).shares_weights_with;
  if (shared.empty()) return {};
  const auto found = std::find_if(network_.layers.begin(), network_.layers.end(),
                                  [&](const Layer& l) { return l.name == shared; });
  if (found == network_.layers.end()) {
    throw InputError{"LOW-SHARED", fmt::format("layer '{}' shares the weights of '{}', which is not in the network",
                                               layer(index).name, shared)};
  }
  return static_cast<LayerIndex>(found - network_.layers.begin());
}

LayerIndex Builder::owner_of(LayerIndex index) const {
  while (const std::optional<LayerIndex> next = sharer(index)) index = *next;
  return index;
}

Weights& Builder::weights_of(LayerIndex index) {
  const LayerIndex owner = owner_of(index);
  const auto found = weights_.find(owner);
  if (found != weights_.end()) return found->second;

  const Layer& own = layer(owner);
  Weights weights;
  weights.layer = owner;
  weights.elements = Elements{own.parameters - bias_elements(owner)};
  if (training_) weights.master = parameter(own.name + ":weight", recipe_.master_weights, weights.elements);
  return weights_.emplace(owner, weights).first->second;
}

ValueId Builder::weight_operand(LayerIndex index, const std::string& format) {
  Weights& weights = weights_of(index);
  if (weights.master && graph_.value(*weights.master).format == format) return *weights.master;
  const auto known = weights.copies.find(format);
  if (known != weights.copies.end()) return known->second.value;
  const bool sawb = layer(index).kind != LayerKind::embedding &&
                    precision_.of(index).weight_quantiser == WeightQuantiser::sawb;
  const std::string name = fmt::format("{}:weight ({})", layer(weights.layer).name, format);
  return weights.copies.emplace(format, WeightCopy{parameter(name, format, weights.elements), sawb})
      .first->second.value;
}

SmallReference Builder::small_parameter(LayerIndex index, const std::string& name, std::uint64_t elements) {
  std::vector<SmallParameter>& parameters = small_[index];
  parameters.push_back({parameter(name, recipe_.vector, Elements{elements}), {}});
  return {index, parameters.size() - 1};
}

SmallReference Builder::bias_of(LayerIndex index) {
  if (saved_[index].bias) return *saved_[index].bias;  // computed again
  const Layer& l = layer(index);
  if (l.parameters > 0) return small_parameter(index, l.name + ":bias", bias_elements(index));
  // All parameters are another layer's, the bias too.
  LayerIndex owner = index;
  while (!saved_[owner].bias) {
    const std::optional<LayerIndex> next = sharer(owner);
    if (!next) {
      throw InputError{"LOW-SHARED", fmt::format("layer '{}' shares a bias that layer '{}' does not have", l.name,
                                                 layer(owner).name)};
    }
    owner = *next;
  }
  return *saved_[owner].bias;
}

std::optional<SmallReference> Builder::affine_of(LayerIndex index) {
  if (saved_[index].affine) return saved_[index].affine;  // computed again
  const Layer& l = layer(index);
  if (l.parameters > 0) return small_parameter(index, l.name + ":affine", l.parameters);
  const std::optional<LayerIndex> owner = sharer(index);
  return owner ? saved_[*owner].affine : std::nullopt;
}

void Builder::contribute_weights(LayerIndex index, ValueId gradient) {
  Weights& weights = weights_of(index);
  if (!weights.gradient) {
    weights.gradient = gradient;
    return;
  }
  const ValueId sum =
      value(layer(index).name + ":weight:grad (tied)", graph_.value(gradient).format, weights.elements);
  add_node(index, Pass::vector_bwd, NodeKind::pointwise, weights.elements,
           {all_of(*weights.gradient), all_of(gradient)}, {all_of(sum)}, {{VectorKind::add, weights.elements}});
  weights.gradient = sum;
}

void Builder::contribute_small(LayerIndex index, SmallReference reference, ValueId gradient) {
  std::optional<ValueId>& so_far = small(reference).gradient;
  if (!so_far) {
    so_far = gradient;
    return;
  }
  const Elements elements = graph_.value(gradient).elements;
  const ValueId sum = value(graph_.value(gradient).name + " (shared)", kSmallMaster, elements);
  add_node(index, Pass::vector_bwd, NodeKind::pointwise, elements, {all_of(*so_far), all_of(gradient)},
           {all_of(sum)}, {{VectorKind::add, elements}});
  so_far = sum;
}

}  // namespace nibble::lowering
