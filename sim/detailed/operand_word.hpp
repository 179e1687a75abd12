#pragma once

#include <cstdint>
#include <vector>

#include "sim/detailed/block.hpp"

namespace nibble::detailed {

/// An operand word on a row's bus: `macs` codes for all lanes, or for each lane where lanes take groups of their own.
struct OperandWord {
  Beat beat;
  bool by_lane = false;
  std::vector<std::uint32_t> codes;
};

/// A row's finished sums of one column, on their way to L1.
struct FinishedSums {
  std::uint64_t row = 0;
  std::uint32_t column = 0;
  std::vector<std::uint32_t> codes;  ///< of each lane, in the accumulator's format
};

/// What the elements have done in the block in progress.
struct ElementCounts {
  std::uint64_t macs = 0, gated_macs = 0, lane_beats = 0;

  ElementCounts& operator+=(const ElementCounts& other) {
    macs += other.macs;
    gated_macs += other.gated_macs;
    lane_beats += other.lane_beats;
    return *this;
  }
};

}  // namespace nibble::detailed
