#pragma once

#include <cstdint>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "models/timing/port_schedule.hpp"

namespace nibble {

/// A GEMM tile as one MPE array gets it: C[m, n] (+)= A[m, k] * B[k, n], `count` independent ones in a row.
struct ArrayTile {
  std::uint64_t m = 0, n = 0, k = 0;
  std::uint64_t count = 1;
  bool depthwise = false;    ///< n = 1 and each lane may take its own group, as far as the row bus feeds it
  bool accumulate = false;   ///< C already holds partial sums: the first reduction block reads them too
};

/// What holding one stationary block in the array and streaming past it costs. Bytes are packed, not padded.
struct Visit {
  std::uint64_t repeat = 1;  ///< this many equal visits follow one another
  Cycles compute;            ///< array cycles in which rows stream
  Cycles fill_drain;         ///< pipeline fill, drain, bubbles and short-pass waits: array cycles without new work
  Bytes stationary;          ///< L1 -> MPE registers, before the visit can start
  Bytes streamed;            ///< L1 -> L0 -> array rows, during the visit
  Bytes psum_read;           ///< L1 -> array: partial sums of the reduction so far
  Bytes psum_written;        ///< array -> L1
  Bits stationary_bits;      ///< of `stationary`
  std::uint64_t load_bits_a_cycle = 0;  ///< of it that the registers take in a cycle; 0: as many as come
  PortTraffic traffic;       ///< the same bits beat by beat
  Macs macs;
  Bytes register_read;       ///< MPE registers and accumulators, all elements together
  Bytes register_written;
  std::uint64_t byte_hops = 0;  ///< bytes times elements that they pass inside the array: operands and sums on their way
};

/// Size of a stationary block of one array.
struct BlockShape {
  std::uint64_t depth = 0;    ///< reduction elements (weight stationary), streamed rows held (output stationary)
  std::uint64_t width = 0;    ///< output channels
  std::uint64_t entries = 0;  ///< register entries of one buffer
};

/// InputError [ACC-REGISTERS] if not even one entry of `stationary_format` fits.
[[nodiscard]] BlockShape block_shape(const MpeArray& mpe, const MacMode& mode, const std::string& stationary_format);

/// The visits that work through `tile`, in order. `a_format`, `b_format`: operands of `mode`.
///
/// Weight stationary: for each column block, for each reduction block: load rows*macs_per_lane*entries x
/// columns*lanes weights, stream m rows in passes of `accumulators` rows; a pass of r rows over e entries
/// takes e*max(r, mac_latency) cycles, its partial sums leave once. Fill and drain of a visit:
/// rows - 1 + columns - 1 + mac_latency. Input stationary: the same with A and B, m and n exchanged.
/// Wires: a streamed word passes the columns in use; a sum moves to the next element of its column once for each update of a
/// lane, macs_per_lane products; a stationary word goes half of the way along a row and half of the way down a column.
/// Output stationary: C stays in the registers, k streams. (Formulas: models/timing/README.md.)
[[nodiscard]] std::vector<Visit> array_visits(const MpeArray& mpe, const L0Buffers& l0, const MacMode& mode,
                                              const std::string& a_format, const std::string& b_format,
                                              const ArrayTile& tile);

}  // namespace nibble
