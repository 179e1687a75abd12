#include "models/energy/energy.hpp"
#include "models/timing/array_pass.hpp"

namespace nibble {

PeakEfficiency peak_efficiency(const Accelerator& system, const Technology& technology, const MacMode& mode) {
  Accelerator accelerator = system;  // of one chip
  accelerator.chips = 1;
  // A GEMM whose every visit is full: one stationary block, reused by 4096 rows, partial sums read and
  // written.
  const BlockShape block = block_shape(accelerator.core.mpe, mode, mode.operands[1]);
  const std::uint64_t arrays = std::uint64_t{accelerator.cores} * accelerator.core.corelets;
  const ArrayTile tile{4096, block.width, block.depth, 1, false, true};
  Activity activity;
  for (const Visit& visit : array_visits(accelerator.core.mpe, accelerator.core.l0, mode, mode.operands[0],
                                         mode.operands[1], tile)) {
    const std::uint64_t times = visit.repeat * arrays;
    activity.macs[mode.name] += visit.macs.value() * times;
    activity.register_read += visit.register_read * times;
    activity.register_written += visit.register_written * times;
    activity.array_byte_hops += visit.byte_hops * times;
    activity.l0_read += visit.streamed * times;
    activity.l0_written += visit.streamed * times;
    activity.l1_read += (visit.stationary + visit.streamed + visit.psum_read) * times;
    activity.l1_written += visit.psum_written * times;
  }
  const std::uint64_t macs = activity.macs[mode.name];
  const Cycles cycles{ceil_div(macs, peak_macs_per_cycle(accelerator, mode).value())};
  activity.core_busy_cycles = cycles.value() * accelerator.cores;
  const Seconds time = duration(cycles, accelerator.clock);
  const EnergyReport energy = energy_of(activity, accelerator, technology, time);
  const double operations = 2.0 * static_cast<double>(macs);
  return {mode.name, operations / time.value() * 1e-12, Watts{energy.total.value() / time.value()},
          operations * 1e-12 / energy.total.value()};
}

}  // namespace nibble
