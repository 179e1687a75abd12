#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/mapper/conv_tiles.hpp"

namespace nibble {

/// How a GEMM's work is shared by the cores: into count * m * n * k parts, k parts side by side on the ring.
struct CoreSplit {
  std::uint64_t count = 1, m = 1, n = 1, k = 1;
  [[nodiscard]] std::uint64_t cores() const { return count * m * n * k; }
  bool operator==(const CoreSplit&) const = default;
};

enum class LoopOrder : std::uint8_t { m_outer, n_outer };  ///< k is always innermost: partial sums stay in L1
/// How long a tile of an operand stays in L1.
enum class Keep : std::uint8_t {
  stream,  ///< until the next tile is wanted
  panel,   ///< all k tiles of the outer loop's index, until it moves on
  all,     ///< all tiles, until the last use
};

/// One way to map a GEMM.
struct GemmTiling {
  CoreSplit split;
  PixelCut pixels;
  std::uint64_t channels = 0, n = 0, count = 1;  ///< largest extents of a tile
  LoopOrder order = LoopOrder::m_outer;
  Keep keep_a = Keep::stream, keep_b = Keep::stream;
  bool corelets_split_n = true;
  bool operator==(const GemmTiling&) const = default;
};

/// Tiles along each loop, for one core.
struct TileCounts {
  std::uint64_t count = 1, m = 1, n = 1, k = 1;
  [[nodiscard]] std::uint64_t outputs() const { return count * m * n; }
  [[nodiscard]] std::uint64_t steps() const { return outputs() * k; }
};

/// Slots of an operand of `outer_tiles` by `k_tiles` tiles that the loops outside them come back to so often. What is replaced
/// while its last tiles are still in use needs one more.
[[nodiscard]] inline std::uint64_t operand_slots(Keep keep, std::uint64_t outer_tiles, std::uint64_t k_tiles,
                                                 std::uint64_t other_loops) {
  const std::uint64_t all = outer_tiles * k_tiles;
  switch (keep) {
    case Keep::stream: return std::min<std::uint64_t>(2, all * other_loops);
    case Keep::panel: return outer_tiles * other_loops > 1 ? k_tiles + 1 : k_tiles;
    case Keep::all: return other_loops > 1 ? all + 1 : all;
  }
  return 0;
}

/// Slots that an operand needs in L1 under `tiling`.
[[nodiscard]] inline std::uint64_t a_slots(const GemmTiling& tiling, const TileCounts& tiles) {
  return operand_slots(tiling.keep_a, tiles.m, tiles.k, tiles.count);
}
[[nodiscard]] inline std::uint64_t b_slots(const GemmTiling& tiling, const TileCounts& tiles) {
  return operand_slots(tiling.keep_b, tiles.n, tiles.k, tiles.count);
}
/// How often all of a core's share of the operand is loaded.
[[nodiscard]] inline std::uint64_t a_passes(const GemmTiling& tiling, const TileCounts& tiles) {
  return tiling.keep_a == Keep::stream ? tiles.n : 1;
}
[[nodiscard]] inline std::uint64_t b_passes(const GemmTiling& tiling, const TileCounts& tiles) {
  return tiling.keep_b == Keep::stream ? tiles.m : 1;
}

}  // namespace nibble
