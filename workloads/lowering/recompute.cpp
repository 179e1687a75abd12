// The backward pass of a segment whose activations were let go: its forward pass once more, before it.
#include <algorithm>
#include <utility>

#include "workloads/lowering/builder.hpp"

namespace nibble::lowering {

/// A recurrence is not run again: step by step it would take as long as it did the first time.
bool Builder::keeps_its_own(LayerIndex index) const { return layer(index).kind == LayerKind::lstm; }

void Builder::backward_of_segments() {
  for (std::size_t s = segments_.size(); s-- > 0;) {
    // The last segment's backward pass follows its forward pass: nothing is gained by letting go what it needs.
    if (s + 1 < segments_.size()) recompute(segments_[s]);
    for (LayerIndex i = segments_[s].end; i-- > segments_[s].begin;) backward_layer(i);
  }
}

/// Forgets what the forward pass of a layer left, but for parameters and for what is small: batch norm's statistics.
void Builder::forget(LayerIndex index, LayerIndex end) {
  Saved kept;
  kept.bias = saved_[index].bias;
  kept.affine = saved_[index].affine;
  if (layer(index).kind == LayerKind::batch_norm) kept.statistics = saved_[index].statistics;
  saved_[index] = std::move(kept);
  const auto copies = quantised_.find(index);
  if (copies == quantised_.end()) return;
  // A copy that a later segment reads is there anyway.
  std::erase_if(copies->second, [&](const auto& copy) { return copy.second.last_reader < end; });
}

void Builder::recompute(const Segment& segment) {
  recomputing_ = true;
  const std::size_t free = free_layers_.size();
  for (LayerIndex i = segment.begin; i < segment.end; ++i) {
    if (layer(i).kind == LayerKind::input || keeps_its_own(i)) continue;
    forget(i, segment.end);
    for (const LayerIndex input : layer(i).inputs) saved_[i].inputs.push_back(*outputs_[input]);
    forward_layer(i);
  }
  free_layers_.resize(free);  // they were named the first time
  recomputing_ = false;
}

}  // namespace nibble::lowering
