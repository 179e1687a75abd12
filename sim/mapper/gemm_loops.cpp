#include "sim/mapper/gemm_loops.hpp"

#include <algorithm>
#include <limits>

namespace nibble {

CoreTiles core_tiles(const GemmSpace& space, const GemmTiling& tiling, const CorePosition& position) {
  const CoreShare share = core_share(space, tiling.split, position);
  return {.pixels = space.pixels.tiles(share.rows, tiling.pixels),
          .channels = cut(share.channels, tiling.channels),
          .n = cut(share.n, tiling.n),
          .count = cut(share.groups.size(), tiling.count),
          .pixels_reduce = space.pixels_reduce};
}

std::vector<LoopStep> loop_steps(const TileCounts& tiles, LoopOrder order) {
  std::vector<LoopStep> steps;
  steps.reserve(tiles.steps());
  const bool m_outer = order == LoopOrder::m_outer;
  for (std::size_t c = 0; c < tiles.count; ++c) {
    for (std::size_t outer = 0; outer < (m_outer ? tiles.m : tiles.n); ++outer) {
      for (std::size_t inner = 0; inner < (m_outer ? tiles.n : tiles.m); ++inner) {
        for (std::size_t k = 0; k < tiles.k; ++k) {
          steps.push_back({c, m_outer ? outer : inner, m_outer ? inner : outer, k});
        }
      }
    }
  }
  return steps;
}

namespace {

/// `tile(step)` numbers the operand's tiles within what is kept together; `epoch(step)` numbers what is kept
/// together. A tile is loaded once in an epoch. Slots are taken in turn.
template <class Tile, class Epoch>
Stays plan_stays(const std::vector<LoopStep>& steps, std::size_t tiles, SlotIndex first_slot, std::uint64_t slots,
                 Tile tile, Epoch epoch) {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  Stays plan;
  plan.of_step.reserve(steps.size());
  std::vector<std::size_t> present(tiles, kNone);
  for (std::size_t step = 0; step < steps.size(); ++step) {
    if (step > 0 && epoch(steps[step]) != epoch(steps[step - 1])) std::fill(present.begin(), present.end(), kNone);
    std::size_t& stay = present[tile(steps[step])];
    if (stay == kNone) {
      stay = plan.stays.size();
      plan.stays.push_back({step, step, static_cast<SlotIndex>(first_slot + stay % slots)});
    }
    plan.stays[stay].last = step;
    plan.of_step.push_back(stay);
  }
  return plan;
}

}  // namespace

Stays operand_stays(const std::vector<LoopStep>& steps, const TileCounts& tiles, Keep keep, bool is_a,
                    SlotIndex first_slot, std::uint64_t slots) {
  const auto outer = [is_a](const LoopStep& step) { return is_a ? step.m : step.n; };
  const std::size_t outer_tiles = is_a ? tiles.m : tiles.n;
  switch (keep) {
    case Keep::all:
      return plan_stays(
          steps, outer_tiles * tiles.k, first_slot, slots,
          [&](const LoopStep& step) { return outer(step) * tiles.k + step.k; },
          [](const LoopStep& step) { return step.count; });
    case Keep::panel:
      return plan_stays(
          steps, tiles.k, first_slot, slots, [](const LoopStep& step) { return step.k; },
          [&](const LoopStep& step) { return step.count * outer_tiles + outer(step); });
    case Keep::stream: break;
  }
  return plan_stays(
      steps, 1, first_slot, slots, [](const LoopStep&) { return std::size_t{0}; },
      [&](const LoopStep& step) { return ((step.count * tiles.m + step.m) * tiles.n + step.n) * tiles.k + step.k; });
}

}  // namespace nibble
