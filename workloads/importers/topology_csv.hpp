#pragma once

#include <string>

#include "workloads/trace/network.hpp"

namespace nibble {

/// A topology of SCALE-Sim: one convolution or one matrix product a row, each with an input of its own, since the format
/// says nothing of what lies between them. `file` is for messages. InputError [TOP-...] with line and column number.
[[nodiscard]] Network topology_csv(const std::string& file, const std::string& content);

}  // namespace nibble
