#pragma once

#include <vector>

#include "workloads/lowering/graph.hpp"

namespace nibble::lowering {

/// Nodes that run as one kernel; the first one gives it its shape.
struct Kernel {
  std::vector<NodeId> nodes;
};

/// Groups the nodes of a graph into kernels, in an order in which they can run.
///
/// A node joins the latest kernel that makes one of its inputs if it streams over as many elements, if all
/// else that it needs is there before that kernel starts, and if it does not wait for a sum over the whole
/// kernel. Row-wise nodes (softmax, layer norm) need whole rows and join vector kernels only; the update
/// joins nothing of the backward pass, since the gradients of several chips are exchanged between them; what is computed
/// again joins nothing else, so that its cost can be told.
[[nodiscard]] std::vector<Kernel> fuse(const Graph& graph, const LoweringOptions& options);

}  // namespace nibble::lowering
