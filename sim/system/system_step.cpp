#include "sim/system/system_step.hpp"

#include <fmt/format.h>

#include "models/base/check.hpp"
#include "models/base/error.hpp"
#include "models/formats/format.hpp"

namespace nibble {
namespace {

std::vector<TimelineKernel> timeline_of(const RunResult& run, const ExchangePlan& plan) {
  NIBBLE_CHECK(plan.makes.size() == run.operations.size(), "{} operations planned, {} run", plan.makes.size(),
               run.operations.size());
  std::vector<TimelineKernel> kernels;
  for (std::size_t i = 0; i < run.operations.size(); ++i) {
    kernels.push_back({run.operations[i].kernel.cycles, plan.makes[i], plan.needs[i]});
  }
  return kernels;
}

/// The work of the exchange in one chip: what streams in is added (one lane operation an element, read, written once).
void count_exchange(Activity& activity, const SystemTimes& times, const std::string& format) {
  activity.link_bytes = times.sent;
  activity.sfu_lane_ops += times.added.value() * 8 / format_storage(format).bits;
  activity.memory_read += times.sent;
  activity.memory_written += times.sent;
}

}  // namespace

void check_system(const Accelerator& accelerator, std::uint64_t batch) {
  if (accelerator.chips < 2) return;
  if (!accelerator.links) {
    throw InputError{"SYS-LINKS", fmt::format("accelerator '{}' has no links to join {} chips", accelerator.name,
                                              accelerator.chips),
                     fmt::format("add links: {{topology, bandwidth, latency}} to {}", accelerator.file)};
  }
  if (batch % accelerator.chips != 0) {
    throw InputError{"SYS-BATCH", fmt::format("a batch of {} does not divide among {} chips", batch, accelerator.chips),
                     fmt::format("use a multiple of {}", accelerator.chips)};
  }
}

void extend_to_system(RunResult& run, ChipSystem& system, const ExchangePlan& plan) {
  run.system = system.run(timeline_of(run, plan), plan.gradients);
  const SystemTimes& times = *run.system;
  const std::uint64_t chips = run.accelerator.chips;
  const std::uint64_t waiting = times.waiting.value();
  count_exchange(run.activity, times, run.recipe.gradient_exchange);
  run.activity.core_idle_cycles += run.accelerator.cores * waiting;
  run.array_cycles.sync += std::uint64_t{run.accelerator.cores} * run.accelerator.core.corelets * waiting;
  run.activity *= chips;
  run.array_cycles *= chips;
  run.macs = run.macs * chips;
  run.cycles = times.cycles;
}

}  // namespace nibble
