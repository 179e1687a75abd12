#include "workloads/lowering/precision.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace nibble::lowering {
namespace {

bool has_weights(const Layer& layer) {
  return layer.kind == LayerKind::conv2d || layer.kind == LayerKind::linear || layer.kind == LayerKind::lstm;
}

/// '*' matches any run of characters.
bool glob(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    return glob(pattern.substr(1), text) || (!text.empty() && glob(pattern, text.substr(1)));
  }
  return !text.empty() && pattern.front() == text.front() && glob(pattern.substr(1), text.substr(1));
}

/// Whether a layer is the other direction of a recurrent one: what is true of one is true of both.
bool other_direction(const Layer& one, const Layer& other) {
  return one.kind == LayerKind::lstm && other.kind == LayerKind::lstm && one.reverse != other.reverse &&
         one.inputs == other.inputs;
}

/// First and last layer with weights: the ends of the network that recipes treat with care.
struct Ends {
  std::optional<LayerIndex> first, last;
};

Ends find_ends(const Network& network) {
  Ends ends;
  for (LayerIndex i = 0; i < network.layers.size(); ++i) {
    if (!has_weights(network.layers[i])) continue;
    if (!ends.first) ends.first = i;
    ends.last = i;
  }
  return ends;
}

bool matches(const RecipeException& exception, const Network& network, LayerIndex index, const Ends& ends) {
  const Layer& layer = network.layers[index];
  switch (exception.match) {
    case LayerMatch::first:
      return ends.first == index || (ends.first && other_direction(network.layers[*ends.first], layer));
    case LayerMatch::last:
      return ends.last == index;
    case LayerMatch::conv1x1:
      return layer.kind == LayerKind::conv2d && layer.window.kernel[0] == 1 && layer.window.kernel[1] == 1;
    case LayerMatch::depthwise:
      return layer.kind == LayerKind::conv2d && layer.groups > 1 &&
             layer.groups == network.layers[layer.inputs.front()].output.front();
    case LayerMatch::name:
      return glob(exception.name, layer.name);
  }
  return false;
}

}  // namespace

LayerPrecision::LayerPrecision(const Network& network, const Recipe& recipe) {
  const Ends ends = find_ends(network);
  for (LayerIndex i = 0; i < network.layers.size(); ++i) {
    const auto found = std::find_if(recipe.exceptions.begin(), recipe.exceptions.end(),
                                    [&](const RecipeException& e) { return matches(e, network, i, ends); });
    chosen_.push_back(found == recipe.exceptions.end() ? &recipe.precision : &found->precision);
  }
}

}  // namespace nibble::lowering
