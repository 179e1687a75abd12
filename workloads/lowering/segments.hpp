#pragma once

#include <vector>

#include "workloads/trace/network.hpp"

namespace nibble::lowering {

/// Layers [begin, end) of a network.
struct Segment {
  LayerIndex begin = 0, end = 0;
};

/// Cuts a network into about sqrt(n) segments of about equal size, n = the number of blocks that it could be cut into.
///
/// With the outputs that cross the cuts kept and all else computed again segment by segment, a chain of n equal layers
/// holds 2 sqrt(n) activations at a time instead of n (Chen et al. 2016, "Training deep nets with sublinear memory
/// cost"). A cut lies where a single activation crosses, so that residual blocks and attention stay whole; what eight
/// layers or more read (an encoder's result) is taken for kept anyway. Sizes are elements of the layers' outputs.
[[nodiscard]] std::vector<Segment> recompute_segments(const Network& network);

}  // namespace nibble::lowering
