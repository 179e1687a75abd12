#pragma once

#include <cstdint>

#include "sim/mapper/cost_estimate.hpp"
#include "sim/mapper/gemm_candidates.hpp"
#include "sim/mapper/gemm_slots.hpp"
#include "sim/mapper/gemm_space.hpp"

namespace nibble {

/// A size of tiles of one split on the busiest core.
struct TileSize {
  const CoreShare& share;
  const PixelChoice& pixels;
  TileCounts counts;
  TileCounts most;      ///< of any core: cores ask together for a tile, but not for one that only some come to
  TileExtents largest;
};
/// `tiling` in its split, pixels, channels, n and count.
[[nodiscard]] TileSize tile_size(const GemmSpace& space, const GemmTiling& tiling, const CoreShare& share,
                                 const PixelChoice& pixels);

/// What tiles are expected to take. `exact` is false for a lower bound of the cycles.
struct TilePrice {
  double cycles = 0, bytes = 0, tiles = 0;
  bool corelets_split_n = true, exact = false;
};

/// Prices the tilings of a GEMM, whatever L1 they need. The space and the times must outlive it.
class TilePricer {
 public:
  TilePricer(const GemmSpace& space, TileTimes& times);

  /// The estimate; or, if the traffic alone and arrays at their peak take longer than `limit`, that bound.
  [[nodiscard]] TilePrice price(const GemmTiling& tiling, const TileSize& size, double limit) const;
  /// No tiles of this cut of a split's pixels take less.
  [[nodiscard]] double bound(const CoreSplit& split, const CoreShare& share, const PixelChoice& pixels) const;

 private:
  /// Reads `once` bytes in a kernel, each for `sharers` cores.
  void add_operand(double once, std::uint64_t sharers, double cores, KernelLoad& load) const;
  void add_operands(const GemmTiling& tiling, const TileSize& size, KernelLoad& load) const;
  void add_epilogue_traffic(double cores, KernelLoad& load) const;
  void add_vector_work(const GemmTiling& tiling, const TileCounts& tiles, std::uint64_t tile_elements,
                       KernelLoad& load) const;
  [[nodiscard]] double lane_cycles(double cores) const;
  /// Of A as the tiles read it, halos and all, against A.
  [[nodiscard]] double halo(const CoreSplit& split, const PixelChoice& pixels) const;

  const GemmSpace& space_;
  TileTimes& times_;
  MachineRates rates_;
  double peak_macs_per_core_;
};

}  // namespace nibble
