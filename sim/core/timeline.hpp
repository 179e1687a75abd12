#pragma once

#include <cstdint>

#include "models/energy/activity.hpp"
#include "sim/core/stall.hpp"
#include "sim/mapper/program.hpp"

namespace nibble {

/// Timeline: is told what each module of a chip does while it does it. Nothing that is simulated depends on it.
///
/// All times are kernel cycles (sim/core/kernel_time.hpp), spans are not empty, and those of one track come in order of
/// their ends. Spans of one array cover a kernel without a gap; their sums by state are its ArrayCycles.
class Timeline {
 public:
  virtual ~Timeline() = default;

  /// `clock`: of the kernel's cycles, the machine's own or, under a power cap, one that is slower.
  virtual void begin_kernel(const KernelProgram& program, std::uint64_t now, Hertz clock) = 0;
  virtual void end_kernel(const Activity& activity, std::uint64_t end) = 0;

  /// What one corelet's array does, or waits for.
  virtual void array(std::uint32_t core, std::uint32_t corelet, ArrayState state, std::uint64_t begin,
                     std::uint64_t end) = 0;
  /// A core's loads, vector work or stores: from when the first began until none is in flight.
  virtual void unit(std::uint32_t core, Unit unit, std::uint64_t begin, std::uint64_t end) = 0;
  /// Partial sums of `core` cross the narrow ring.
  virtual void exchange(std::uint32_t core, std::uint64_t begin, std::uint64_t end) = 0;
  /// The memory's data bus, turnarounds included.
  virtual void memory(bool writing, std::uint64_t begin, std::uint64_t end) = 0;
};

}  // namespace nibble
