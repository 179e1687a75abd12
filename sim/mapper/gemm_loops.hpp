#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/mapper/gemm_space.hpp"
#include "sim/mapper/program.hpp"

namespace nibble {

/// The tiles of one core along each axis.
struct CoreTiles {
  std::vector<PixelTile> pixels;
  std::vector<std::uint64_t> channels, n, count;
  bool pixels_reduce = false;

  [[nodiscard]] TileCounts counts() const {
    return {.count = count.size(),
            .m = pixels_reduce ? channels.size() : pixels.size(),
            .n = n.size(),
            .k = pixels_reduce ? pixels.size() : channels.size()};
  }
  [[nodiscard]] std::uint64_t m_extent(std::size_t tile) const {
    return pixels_reduce ? channels[tile] : pixels[tile].pixels;
  }
  [[nodiscard]] std::uint64_t k_extent(std::size_t tile) const {
    return pixels_reduce ? pixels[tile].pixels : channels[tile];
  }
};

[[nodiscard]] CoreTiles core_tiles(const GemmSpace& space, const GemmTiling& tiling, const CorePosition& position);

/// One MPE instruction's place in the loops.
struct LoopStep {
  std::size_t count = 0, m = 0, n = 0, k = 0;
};

/// All steps of a core in order.
[[nodiscard]] std::vector<LoopStep> loop_steps(const TileCounts& tiles, LoopOrder order);

/// When a tile of an operand comes into its slot and when it is used for the last time.
struct Stay {
  std::size_t first = 0, last = 0;  ///< steps
  SlotIndex slot = 0;
};

/// For each step, the stay that it uses; stays in the order in which they are loaded.
struct Stays {
  std::vector<Stay> stays;
  std::vector<std::size_t> of_step;
};

/// Stays of A (its outer index is m) or of B (n) under a rule, in `slots` slots from `first_slot` on, taken in turn.
[[nodiscard]] Stays operand_stays(const std::vector<LoopStep>& steps, const TileCounts& tiles, Keep keep, bool is_a,
                                  SlotIndex first_slot, std::uint64_t slots);

}  // namespace nibble
