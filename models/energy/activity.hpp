#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "models/base/units.hpp"

namespace nibble {

/// What a run did, counted: the only input of the energy model. All counts are of the whole chip.
struct Activity {
  std::map<std::string, std::uint64_t> macs;        ///< by MAC mode: executed, gated ones included
  std::map<std::string, std::uint64_t> gated_macs;  ///< by MAC mode: an operand was zero, the lane held still
  Bytes register_read, register_written;            ///< MPE weight registers and local accumulators
  std::uint64_t array_byte_hops = 0;                ///< bytes times elements that they pass on wires inside the arrays
  Bytes l0_read, l0_written;
  Bytes l1_read, l1_written;
  std::uint64_t sfu_lane_ops = 0;
  std::uint64_t ring_byte_hops = 0;
  std::uint64_t psum_ring_byte_hops = 0;
  Bytes memory_read, memory_written;
  std::uint64_t memory_row_misses = 0;  ///< rows opened beyond one for each page of traffic: of a memory with banks alone
  std::uint64_t core_busy_cycles = 0;  ///< summed over cores: cycles in which any of its units works
  std::uint64_t core_idle_cycles = 0;  ///< summed over cores: the rest; busy + idle = cores * elapsed

  Bytes link_bytes;                    ///< sent to other chips

  Activity& operator*=(std::uint64_t times);  ///< of so many equal chips
  Activity& operator+=(const Activity& other);
  Activity& operator-=(const Activity& earlier);  ///< what was counted since
};

}  // namespace nibble
