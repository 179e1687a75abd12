#include "workloads/trace/network.hpp"

#include <numeric>

#include "models/base/check.hpp"
#include "workloads/trace/layer_kinds.hpp"

namespace nibble {

Elements element_count(const Shape& shape) {
  return Elements{std::accumulate(shape.begin(), shape.end(), std::uint64_t{1}, std::multiplies<>{})};
}

std::string to_string(LayerKind kind) {
  for (const KindName& entry : kLayerKinds) {
    if (entry.kind == kind) return std::string{entry.name};
  }
  throw InternalError{"a layer kind without a name"};
}

bool is_loss(LayerKind kind) {
  return kind == LayerKind::loss || kind == LayerKind::multibox_loss || kind == LayerKind::yolo_loss;
}

Macs layer_macs(const Network& network, LayerIndex index) {
  const Layer& layer = network.layers.at(index);
  const std::uint64_t outputs = element_count(layer.output).value();
  switch (layer.kind) {
    case LayerKind::conv2d: {
      const Shape& input = network.layers[layer.inputs.front()].output;
      return Macs{outputs * (input[0] / layer.groups) * layer.window.kernel[0] * layer.window.kernel[1]};
    }
    case LayerKind::linear:
    case LayerKind::matmul:
      return Macs{outputs * network.layers[layer.inputs.front()].output.back()};
    case LayerKind::lstm:  // four gates, each of the input and of the state before
      return Macs{4 * outputs * (network.layers[layer.inputs.front()].output.back() + layer.output.back())};
    default:
      return Macs{0};
  }
}

Elements Network::parameters() const {
  Elements sum;
  for (const Layer& layer : layers) sum += Elements{layer.parameters};
  return sum;
}

Macs Network::macs_per_sample() const {
  Macs sum;
  for (LayerIndex i = 0; i < layers.size(); ++i) sum += layer_macs(*this, i);
  return sum;
}

}  // namespace nibble
