#pragma once

#include <vector>

#include "models/config/recipe.hpp"
#include "workloads/trace/network.hpp"

namespace nibble::lowering {

/// Which formats each layer of a network computes in: the recipe's, or those of the first exception that is
/// for it.
class LayerPrecision {
 public:
  LayerPrecision(const Network& network, const Recipe& recipe);
  [[nodiscard]] const Precision& of(LayerIndex layer) const { return *chosen_[layer]; }

 private:
  std::vector<const Precision*> chosen_;
};

}  // namespace nibble::lowering
