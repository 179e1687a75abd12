#pragma once

#include <string>

#include "workloads/trace/network.hpp"

namespace nibble {

/// An ONNX model as layers (operators: workloads/importers/README.md). Shapes are inferred; what has no layer is InputError
/// [ONNX-OPERATOR] that names the node, never a layer without a cost. `file` is for messages.
[[nodiscard]] Network onnx_model(const std::string& file, const std::string& content);

}  // namespace nibble
