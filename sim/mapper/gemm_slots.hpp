#pragma once

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <vector>

#include "sim/mapper/gemm_space.hpp"
#include "sim/mapper/program.hpp"

namespace nibble {

/// Slots of equal size that hold one thing.
struct SlotGroup {
  std::uint64_t count = 0;
  Bytes size;
};

/// The slots of a GEMM program, by what they hold: L1 footprint before any instruction is made.
struct GemmSlots {
  boost::container::small_vector<SlotGroup, 12> groups;
  std::uint64_t total = 0;               ///< slots of all groups
  SlotIndex a = 0, b = 0, c = 0;         ///< first slot of each
  SlotIndex reduced = 0;                 ///< this core's share after an exchange of partial sums
  boost::container::small_vector<SlotIndex, 4> extra_reads, stores;  ///< first of each use: two, or one if moved once
  std::uint64_t a_count = 0, b_count = 0, c_count = 0;
  [[nodiscard]] Bytes footprint() const;
  [[nodiscard]] std::vector<Bytes> sizes() const;
};

/// The largest tile of each operand that any core sees under a tiling, and how many tiles there are.
struct TileExtents {
  PixelTile pixels;
  std::uint64_t channels = 0, n = 0, count = 1;
};

[[nodiscard]] GemmSlots gemm_slots(const GemmSpace& space, const GemmTiling& tiling, const TileCounts& tiles,
                                   const TileExtents& largest);

}  // namespace nibble
