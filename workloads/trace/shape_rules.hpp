#pragma once

#include <string>
#include <vector>

#include "workloads/trace/network.hpp"

namespace nibble {

/// What is wrong with a layer's output given its inputs' shapes: "" if nothing is. Inputs are already checked.
[[nodiscard]] std::string shape_fault(const Layer& layer, const std::vector<const Layer*>& inputs);

/// What is wrong with the parameters of a layer whose output is right: "" if nothing is.
[[nodiscard]] std::string parameters_fault(const Layer& layer, const std::vector<const Layer*>& inputs);

}  // namespace nibble
