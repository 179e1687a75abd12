#pragma once

#include <cstdint>
#include <string>

#include "sim/detailed/counts.hpp"
#include "sim/detailed/l0_slice.hpp"
#include "sim/detailed/tile_work.hpp"

namespace nibble::detailed {

/// One tile on a core of one or more corelets, for both levels.
struct VerifyCase {
  std::uint64_t seed = 0, index = 0;
  Accelerator accelerator;
  bool as_shipped = true;         ///< else some of the core's values are drawn, too
  MacMode mode;
  std::string a_format, b_format;
  std::uint64_t m = 0, n = 0, k = 0, count = 1;
  std::uint64_t k_before = 0;     ///< of the reduction, done before this tile: it adds to its partial sums
  bool depthwise = false;
  bool split_n = true;            ///< corelets share the tile by columns, else by groups or rows
  double zeros = 0;               ///< share of zero operands
  std::string origin;             ///< "gemm", "conv 3x3 of 16 channels, 12x12"

  /// "rapid, 8x8x8, ... : 12x64x100".
  [[nodiscard]] std::string text() const;
};

/// A pure function of its arguments. The tile is the same for any number of corelets, which share it.
[[nodiscard]] VerifyCase draw_case(std::uint64_t seed, std::uint64_t index, std::uint32_t corelets = 1);

/// Both levels on the same tile.
struct VerifyResult {
  std::uint64_t fast_cycles = 0, detailed_cycles = 0;  ///< until the last corelet ends
  CycleBook fast_book, detailed_book;  ///< of all corelets
  Counts fast, detailed;
  L0Accesses l0;                     ///< of the detailed level's slices
  std::uint64_t expected_gated_macs = 0;
  std::uint64_t wrong_elements = 0;  ///< of C, beside models/gemm
  std::uint64_t element_cycles = 0;  ///< elements x cycles simulated

  /// (fast - detailed) / detailed.
  [[nodiscard]] double cycle_error() const;
  /// "" or what differs that must not.
  [[nodiscard]] std::string difference() const;
};

/// Builds both machines and runs them: once in a process. `vcd`: a waveform of the detailed one; "" for none.
[[nodiscard]] VerifyResult run_case(const VerifyCase& drawn, const std::string& vcd = "");

/// The fast level alone: its cycles. Once in a process, too.
[[nodiscard]] std::uint64_t fast_cycles(const VerifyCase& drawn);

}  // namespace nibble::detailed
