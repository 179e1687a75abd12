#include "workloads/lowering/segments.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace nibble::lowering {
namespace {

// An output with so many readers is needed through several blocks: keeping it costs less than it saves.
constexpr std::size_t kManyReaders = 8;

struct Reach {
  LayerIndex last = 0;  ///< the last layer that reads it; itself if none does
  std::size_t readers = 0;
};

std::vector<Reach> reaches_of(const Network& network) {
  std::vector<Reach> reaches(network.layers.size());
  for (LayerIndex i = 0; i < network.layers.size(); ++i) {
    reaches[i].last = i;
    for (const LayerIndex input : network.layers[i].inputs) {
      reaches[input].last = i;
      ++reaches[input].readers;
    }
  }
  return reaches;
}

/// Ends of the smallest segments: before them one activation at most is on its way to a later layer.
std::vector<LayerIndex> cuts_of(const Network& network) {
  const std::vector<Reach> reaches = reaches_of(network);
  std::vector<LayerIndex> cuts;
  for (LayerIndex cut = 1; cut < network.layers.size(); ++cut) {
    std::size_t crossing = 0;
    for (LayerIndex i = 0; i < cut; ++i) {
      const bool free = network.layers[i].kind == LayerKind::input || reaches[i].readers >= kManyReaders;
      if (!free && reaches[i].last >= cut) ++crossing;
    }
    if (crossing == 1) cuts.push_back(cut);
  }
  cuts.push_back(static_cast<LayerIndex>(network.layers.size()));
  return cuts;
}

std::uint64_t size_of(const Network& network, LayerIndex layer) {
  const Layer& l = network.layers[layer];
  const bool free = l.kind == LayerKind::input || l.kind == LayerKind::reshape;
  return free ? 0 : element_count(l.output).value();
}

}  // namespace

std::vector<Segment> recompute_segments(const Network& network) {
  const std::vector<LayerIndex> cuts = cuts_of(network);
  std::uint64_t all = 0;
  for (LayerIndex i = 0; i < network.layers.size(); ++i) all += size_of(network, i);
  const auto parts = static_cast<std::uint64_t>(std::max(1.0, std::round(std::sqrt(static_cast<double>(cuts.size())))));
  std::vector<Segment> segments;
  Segment segment;
  std::uint64_t so_far = 0;
  for (const LayerIndex cut : cuts) {
    for (LayerIndex i = segment.end; i < cut; ++i) so_far += size_of(network, i);
    segment.end = cut;
    const bool last = cut == network.layers.size();
    if (!last && so_far * parts < all * (segments.size() + 1)) continue;
    segments.push_back(segment);
    segment = {cut, cut};
  }
  return segments;
}

}  // namespace nibble::lowering
