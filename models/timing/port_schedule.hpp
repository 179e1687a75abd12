#pragma once

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <cstdint>

namespace nibble {

/// What one visit moves over a corelet's L1 port, beat by beat: one row of the streamed operand against one register
/// entry. Rows come in passes; in a pass entry by entry, row by row.
///
/// Output stationary: a row is a group of as many rows of C as the array has, an entry a step of the reduction; there is
/// one pass, and the second operand comes with each step's first beat.
struct PortTraffic {
  std::uint64_t rows = 0, pass_rows = 1, entries = 1;
  std::uint64_t depth = 0, last_depth = 0;          ///< reduction elements of an entry; of the last one
  std::uint64_t row_bits = 0, last_row_bits = 0;    ///< that a row brings for each of them
  std::uint64_t shared_bits = 0;                    ///< that a pass's first row brings beside
  std::uint64_t sums_in_bits = 0, last_sums_in_bits = 0;  ///< partial sums that a row reads; 0: none
  std::uint64_t sums_in_entry = 0;                  ///< the entry whose beat takes them
  std::uint64_t columns = 1;                        ///< that send sums; a row's sums leave column by column
  std::uint64_t column_sum_bits = 0, last_column_sum_bits = 0;
  std::uint64_t sum_rows = 0;                       ///< rows of C that leave
  bool sums_at_end = false;                         ///< all after the last beat, a row a cycle; else each with its row
  std::uint64_t sums_in_cycle_bits = 0;             ///< of sums that can be read in a cycle; 0: what the port moves
  std::uint64_t l0_words = 1;                       ///< operand words that a slice of L0 holds
  std::uint64_t l0_steps = 0;                       ///< steps whose second operand L0 holds; 0: there is none

  friend bool operator==(const PortTraffic&, const PortTraffic&) = default;
};

/// The array and the port that a visit runs on.
struct PortedArray {
  std::uint64_t rows = 1, columns = 1;
  std::uint64_t latency = 1, accumulators = 1, bubble = 0;
  std::uint64_t port_bits = 8;           ///< a cycle
};

/// A stationary block on its way into the registers.
struct BlockLoad {
  std::uint64_t bits = 0;                ///< that have not come
  std::uint64_t bits_a_cycle = 0;        ///< that the registers take; 0: what the port moves

  /// Bits that it would take in one cycle.
  [[nodiscard]] std::uint64_t wanted() const { return bits_a_cycle == 0 ? bits : std::min(bits, bits_a_cycle); }
  friend bool operator==(const BlockLoad&, const BlockLoad&) = default;
};

/// What a corelet's port is doing when a visit begins, and when it has ended.
struct PortState {
  boost::container::small_vector<BlockLoad, 4> loads;  ///< of the stationary blocks that may be loaded meanwhile, in order
  std::uint64_t used_bits = 0;           ///< of the first cycle, by the sums of the visit before
  bool loader_idle_first = false;        ///< in the first cycle the loader claims nothing: its buffers were full

  friend bool operator==(const PortState&, const PortState&) = default;
};

struct VisitSchedule {
  std::uint64_t cycles = 0;              ///< from the visit's first cycle to the next one's
  std::uint64_t moved_bits = 0;          ///< over the port in that time, by the loader, too
  std::uint64_t streaming_cycles = 0, streaming_bits = 0;  ///< of these, before sums leave that all leave at the end; else 0
  PortState after;                       ///< loads: what is left of them; blocks that are in have gone
};

/// When a visit ends that has the port to itself but for the corelet's own weight loader.
///
/// The port's rules, each cycle: the loader may take half, and what the array leaves; of the array's part, sums that
/// leave may take half while less than a pass of operands is there, and all otherwise; operands beyond a pass come when
/// nobody else wants the port. A beat begins when its last bit is there, and, if it ends its row, when fewer sums wait
/// than a pass has. Counts bits; repeated passes are skipped, so that the cost does not grow with the visit's length.
[[nodiscard]] VisitSchedule schedule_visit(const PortedArray& array, const PortTraffic& traffic, PortState state);

}  // namespace nibble
