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

/// The cycle in which an alarm of an Agenda rings just now (sim/chip/agenda.hpp), which may be ahead of the kernel. Set by
/// Agenda alone.
inline constexpr std::uint64_t kNoAlarmRings = ~std::uint64_t{0};
inline std::uint64_t kernel_alarm = kNoAlarmRings;

/// Cycles since the machine was built.
[[nodiscard]] inline std::uint64_t kernel_now() {
  if (kernel_alarm != kNoAlarmRings) return kernel_alarm;
  return sc_core::sc_time_stamp().value() / kKernelTicksPerCycle;
}

}  // namespace nibble
