#pragma once

#include <cstdint>

#include "models/base/units.hpp"
#include "models/energy/activity.hpp"

namespace nibble {

/// What the MPE arrays of the chip did, in array cycles: summed over all arrays of all cores.
/// The parts add up to arrays * elapsed cycles exactly.
struct ArrayCycles {
  std::uint64_t compute = 0;     ///< rows stream through the array
  std::uint64_t fill_drain = 0;  ///< pipeline fill and drain, weight-block loads not hidden
  std::uint64_t memory = 0;      ///< waiting for data from, or a slot going to, external memory
  std::uint64_t ring = 0;        ///< the data has left the memory but not arrived; partial-sum exchange
  std::uint64_t l1 = 0;          ///< the L1 port could not feed the array at full rate
  std::uint64_t vector = 0;      ///< the SFUs work and the arrays have nothing to do
  std::uint64_t sync = 0;        ///< done, or without a share of the work, while another core still runs
  std::uint64_t throttled = 0;   ///< the clock pulse was left out, to stay below a power cap

  [[nodiscard]] std::uint64_t total() const {
    return compute + fill_drain + memory + ring + l1 + vector + sync + throttled;
  }
  ArrayCycles& operator*=(std::uint64_t chips);  ///< of so many equal chips
  ArrayCycles& operator+=(const ArrayCycles& other);
};

/// One kernel simulated.
struct KernelResult {
  Cycles cycles;
  ArrayCycles array_cycles;
  Activity activity;
  std::uint64_t memory_busy_cycles = 0;
  std::uint64_t sfu_busy_cycles = 0;   ///< summed over corelets
};

}  // namespace nibble
