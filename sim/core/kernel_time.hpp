#pragma once

#include <cstdint>
#include <systemc>

#include "models/base/units.hpp"

namespace nibble {

/// One core cycle is one nanosecond of kernel time: the kernel orders events, seconds come from the clock later.
inline constexpr std::uint64_t kKernelTicksPerCycle = 1000;  // default resolution of 1 ps

[[nodiscard]] inline sc_core::sc_time kernel_time(std::uint64_t cycles) {
  return sc_core::sc_time::from_value(cycles * kKernelTicksPerCycle);
}

/// Cycles since the machine was built.
[[nodiscard]] inline std::uint64_t kernel_now() {
  return sc_core::sc_time_stamp().value() / kKernelTicksPerCycle;
}

}  // namespace nibble
