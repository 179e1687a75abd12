#pragma once

#include <vector>

#include "workloads/lowering/fusion.hpp"
#include "workloads/lowering/graph.hpp"

namespace nibble::lowering {

/// Writes kernels down as operations over a table of tensors: a value becomes a tensor when it crosses a
/// kernel's edge.
void emit(const Graph& graph, const std::vector<Kernel>& kernels, const Network& network, Step& step);

}  // namespace nibble::lowering
