#pragma once

#include <string>

#include "workloads/trace/network.hpp"

namespace nibble {

/// Reads a network wherever it comes from: a shipped name, a layer trace (.yaml), an ONNX model (.onnx), a topology of
/// SCALE-Sim (.csv). InputError with what is wrong, and where.
[[nodiscard]] Network import_network(const std::string& name_or_path);

}  // namespace nibble
