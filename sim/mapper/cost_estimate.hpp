#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "models/base/units.hpp"
#include "sim/mapper/gemm_space.hpp"

namespace nibble {

/// What the arrays of a core need for one L1 tile, its corelets working side by side.
struct TileTime {
  double compute = 0;       ///< cycles in which rows stream
  double total = 0;         ///< with fill, drain, exposed weight loads and the L1 port's limit
  bool split_n = true;      ///< the better way to share the tile between corelets
};

/// Array time of tiles, from models/timing/array_pass; remembers what it has computed. The space's machine must outlive it.
class TileTimes {
 public:
  explicit TileTimes(const GemmSpace& space);
  [[nodiscard]] const TileTime& of(std::uint64_t m, std::uint64_t n, std::uint64_t k, std::uint64_t count,
                                   bool accumulate);

 private:
  [[nodiscard]] TileTime of_corelet(std::uint64_t m, std::uint64_t n, std::uint64_t k, std::uint64_t count,
                                    bool accumulate) const;

  struct Tile {
    std::uint64_t m, n, k, count;
    bool accumulate;
    bool operator==(const Tile&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Tile& tile) const;
  };

  const Core& core_;
  const MacMode& mode_;
  const std::string a_format_, b_format_;
  const bool depthwise_;
  std::unordered_map<Tile, TileTime, Hash> known_;
};

/// Rates of the machine in the units of the estimate.
struct MachineRates {
  explicit MachineRates(const Accelerator& accelerator);
  double memory_bytes_per_cycle = 0;   ///< achieved, one direction
  double memory_latency_cycles = 0;
  double turnaround_cycles_per_byte = 0;  ///< of the direction that moves less
  double port_bytes_per_cycle = 0;     ///< into one core
  double psum_bytes_per_cycle = 0;
  double lane_ops_per_cycle = 0;       ///< of one core
  double sfu_startup_cycles = 0;
};

/// Totals of a mapped kernel on its busiest core, and of the chip's memory.
struct KernelLoad {
  double compute = 0, sfu = 0, psum = 0;     ///< cycles of one core
  double memory_read = 0, memory_written = 0;  ///< bytes of the chip
  double loaded_per_core = 0;                ///< bytes
  double streamed_tiles = 0;                 ///< of the operand that one core reloads most often
  double first_read = 0, last_written = 0;   ///< bytes of the chip before the first and after the last tile's work
  double tile_compute = 0, tile_sfu = 0, tile_psum = 0;  ///< cycles of one tile
};

/// Cycles of a double-buffered pipeline: its busiest resource, filled and drained by the others, plus the part of
/// the others that is known to interfere (see README.md, "Cost").
[[nodiscard]] double pipeline_cycles(const MachineRates& rates, const KernelLoad& load);

}  // namespace nibble
