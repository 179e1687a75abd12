#include <fmt/format.h>

#include <algorithm>

#include "models/base/error.hpp"
#include "sim/chip/machine.hpp"

namespace nibble {
namespace {

void require(bool holds, const KernelProgram& program, const std::string& law) {
  if (!holds) throw LawError{fmt::format("{} ({}): {}", program.layer, to_string(program.pass), law)};
}

std::uint64_t macs_of(const KernelProgram& program) {
  std::uint64_t macs = 0;
  for (const auto& core : program.cores) {
    for (const Instruction& instruction : core.units[static_cast<std::size_t>(Unit::mpe)]) {
      macs += instruction.m * instruction.n * instruction.k * instruction.count;
    }
  }
  return macs;
}

}  // namespace

void check_laws(const KernelProgram& program, const KernelResult& result, const Accelerator& accelerator) {
  const std::uint64_t cycles = result.cycles.value();
  const std::uint64_t arrays = std::uint64_t{accelerator.cores} * accelerator.core.corelets;
  require(result.array_cycles.total() == arrays * cycles, program,
          fmt::format("{} array cycles are booked, {} arrays x {} cycles have passed", result.array_cycles.total(), arrays,
                      cycles));
  const Activity& activity = result.activity;
  require(activity.core_busy_cycles <= accelerator.cores * cycles, program, "cores were busy for longer than the kernel");

  if (!program.mac_mode.empty()) {
    const std::uint64_t executed = activity.macs.at(program.mac_mode);
    require(executed == macs_of(program), program,
            fmt::format("{} MACs were executed, the program has {}", executed, macs_of(program)));
    const MacMode& mode = require_mac_mode(accelerator, program.a_format, program.b_format);
    const std::uint64_t at_peak = ceil_div(executed, peak_macs_per_cycle(accelerator, mode).value());
    require(cycles >= at_peak, program, fmt::format("{} cycles for MACs that take {} at the peak", cycles, at_peak));
  }
  const double bytes = static_cast<double>((activity.memory_read + activity.memory_written).value());
  const double bytes_per_cycle = accelerator.memory.bandwidth.value() / accelerator.clock.value();
  require(static_cast<double>(cycles) >= bytes / bytes_per_cycle, program,
          fmt::format("{} cycles for {} bytes at {} bytes a cycle", cycles, bytes, bytes_per_cycle));
  const double l1_bytes = static_cast<double>((activity.l1_read + activity.l1_written).value());
  const double l1_bandwidth = accelerator.cores * (accelerator.core.l1.corelet_bandwidth.value() +
                                                   2 * accelerator.core.l1.ring_bandwidth.value());
  require(static_cast<double>(cycles) >= l1_bytes / l1_bandwidth - 1, program,
          fmt::format("{} cycles for {} bytes of L1 traffic", cycles, l1_bytes));
}

}  // namespace nibble
