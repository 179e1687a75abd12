#include "workloads/lowering/builder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/check.hpp"

namespace nibble::lowering {

Builder::Builder(const Network& network, const Recipe& recipe, std::uint64_t batch, bool training)
    : network_{network},
      recipe_{recipe},
      batch_{batch},
      training_{training},
      precision_{network, recipe},
      outputs_(network.layers.size()),
      saved_(network.layers.size()),
      needs_gradient_(network.layers.size()),
      contributions_(network.layers.size()) {
  for (LayerIndex i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    needs_gradient_[i] = layer.parameters > 0 || !layer.shares_weights_with.empty() ||
                         std::any_of(layer.inputs.begin(), layer.inputs.end(),
                                     [&](LayerIndex input) { return needs_gradient_[input]; });
  }
}

ValueId Builder::value(const std::string& name, const std::string& format, Elements elements) {
  Value value;
  value.name = name;
  value.format = format;
  value.elements = elements;
  return graph_.add_value(std::move(value));
}

ValueId Builder::parameter(const std::string& name, const std::string& format, Elements elements) {
  const ValueId id = value(name, format, elements);
  graph_.value(id).parameter = true;
  return id;
}

void Builder::add_node(LayerIndex index, Pass pass, NodeKind kind, Elements domain, std::vector<Use> inputs,
                       std::vector<Use> outputs, std::vector<WorkItem> work) {
  Node node;
  node.layer = index;
  node.pass = pass;
  node.kind = kind;
  node.domain = domain;
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  node.work = std::move(work);
  graph_.add_node(std::move(node));
}

ValueId Builder::pointwise(LayerIndex index, Pass pass, VectorKind kind, std::vector<ValueId> inputs,
                           const std::string& name) {
  const Elements domain = graph_.value(inputs.front()).elements;
  const ValueId result = value(name, recipe_.vector, domain);
  std::vector<Use> uses;
  for (const ValueId input : inputs) uses.push_back(all_of(input));
  add_node(index, pass, NodeKind::pointwise, domain, std::move(uses), {all_of(result)}, {{kind, domain}});
  return result;
}

void Builder::set_output(LayerIndex index, ValueId id) {
  outputs_[index] = id;
  Value& value = graph_.value(id);
  value.needs_gradient = needs_gradient_[index];
  if (layer(index).activation_zeros) value.zeros = *layer(index).activation_zeros;
  if (layer(index).gradient_zeros) value.gradient_zeros = layer(index).gradient_zeros;
}

void Builder::contribute(LayerIndex index, ValueId gradient) {
  if (!needs_gradient(index)) return;
  if (network_.layers[index].gradient_zeros) graph_.value(gradient).zeros = *network_.layers[index].gradient_zeros;
  contributions_[index].push_back(gradient);
}

Weights& Builder::weights_of(LayerIndex index) {
  const std::string& shared = layer(index).shares_weights_with;
  LayerIndex owner = index;
  if (!shared.empty()) {
    owner = static_cast<LayerIndex>(
        std::find_if(network_.layers.begin(), network_.layers.end(), [&](const Layer& l) { return l.name == shared; }) -
        network_.layers.begin());
  }
  const auto found = weights_.find(owner);
  if (found != weights_.end()) return found->second;

  const Layer& own = layer(owner);
  const std::uint64_t bias = own.bias ? own.output[own.kind == LayerKind::conv2d ? 0 : own.output.size() - 1] : 0;
  Weights weights;
  weights.layer = owner;
  weights.elements = Elements{own.parameters - bias};
  const Precision& precision = precision_.of(owner);
  const bool gemm = own.kind != LayerKind::embedding;
  const std::string& wanted = gemm ? precision.fwd.b : recipe_.vector;
  const std::string& master = training_ ? recipe_.master_weights : wanted;
  weights.master = parameter(own.name + ":weight", master, weights.elements);
  if (wanted != master) {
    weights.quantiser = gemm && precision.weight_quantiser == WeightQuantiser::sawb ? WeightQuantiser::sawb
                                                                                     : WeightQuantiser::cast;
    weights.quantised = parameter(fmt::format("{}:weight ({})", own.name, wanted), wanted, weights.elements);
  }
  return weights_.emplace(owner, weights).first->second;
}

ValueId Builder::weight_operand(LayerIndex index) {
  const Weights& weights = weights_of(index);
  return weights.quantised.value_or(weights.master);
}

}  // namespace nibble::lowering
