#include "workloads/lowering/builder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/check.hpp"
#include "models/base/error.hpp"

namespace nibble::lowering {
namespace {

/// Parameters of a kind that has none would be trained for nothing: better to say so.
void check_parameters(const Layer& layer) {
  switch (layer.kind) {
    case LayerKind::conv2d:
    case LayerKind::linear:
    case LayerKind::lstm:
    case LayerKind::batch_norm:
    case LayerKind::layer_norm:
    case LayerKind::rms_norm:
    case LayerKind::l2_norm:
    case LayerKind::embedding:
      return;
    default:
      break;
  }
  if (layer.parameters == 0) return;
  throw InputError{"LOW-UNSUPPORTED",
                   fmt::format("layer '{}': {} parameters in a layer of kind {}", layer.name,
                               layer.parameters, to_string(layer.kind)),
                   "parameters are lowered for conv2d, linear, lstm, batch_norm, layer_norm, rms_norm, l2_norm and "
                   "embedding"};
}

}  // namespace

Builder::Builder(const Network& network, const Recipe& recipe, std::uint64_t batch, bool training,
                 bool recompute)
    : network_{network},
      recipe_{recipe},
      batch_{batch},
      training_{training},
      segments_{recompute ? recompute_segments(network)
                          : std::vector<Segment>{{0, static_cast<LayerIndex>(network.layers.size())}}},
      precision_{network, recipe},
      outputs_(network.layers.size()),
      saved_(network.layers.size()),
      needs_gradient_(network.layers.size()),
      contributions_(network.layers.size()) {
  for (LayerIndex i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    check_parameters(layer);
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
  node.pass = recomputing_ ? Pass::recompute : pass;
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
  made_by_.try_emplace(id, index);
  Value& value = graph_.value(id);
  value.needs_gradient = needs_gradient_[index];
  if (layer(index).activation_zeros) value.zeros = *layer(index).activation_zeros;
  if (layer(index).gradient_zeros) value.gradient_zeros = layer(index).gradient_zeros;
}

void Builder::contribute(LayerIndex index, ValueId gradient) {
  if (!needs_gradient(index)) return;
  contributions_[index].push_back(gradient);
}

}  // namespace nibble::lowering
