#include "sim/system/power_governor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/base/error.hpp"

namespace nibble {
namespace {

/// Steps of the clock: level / kLevels of its pulses get through.
constexpr unsigned kLevels = 64;

/// Cycles of the full clock in the time of so many of a throttled one; the last pulse is waited for.
std::uint64_t at_full_clock(std::uint64_t cycles, unsigned level) { return ceil_div(cycles * kLevels, level); }

}  // namespace

Watts chip_power(const EnergyReport& energy, Seconds time, std::uint32_t chips) {
  double joules = energy.total.value();
  for (const char* elsewhere : {"memory", "link"}) {
    const auto found = energy.components.find(elsewhere);
    if (found != energy.components.end()) joules -= found->second.value();
  }
  return Watts{joules / time.value() / chips};
}

std::string power_key(const Accelerator& a, const Technology& technology) {
  if (!a.power.cap) return "";
  return fmt::format("|{} W,{},{} V,{} mm2,{}", a.power.cap->value(), static_cast<int>(a.power.throttling),
                     a.voltage.value(), a.die_area.value(), technology.hash);
}

PowerGovernor::PowerGovernor(Machine& machine, const Accelerator& accelerator, const Technology& technology)
    : machine_{machine}, accelerator_{accelerator}, technology_{technology} {}

KernelResult PowerGovernor::run(const KernelProgram& program, Timeline* timeline) {
  if (!accelerator_.power.cap) return machine_.run(program);
  machine_.observe(nullptr);
  Trial full = trial(program, kLevels);
  const unsigned level = full.power <= *accelerator_.power.cap ? kLevels : fastest(program, full.power);
  if (level == kLevels && timeline == nullptr) return full.kernel;
  machine_.observe(timeline);
  return trial(program, level).kernel;
}

/// The fastest level that fits, below the full clock. Power falls with the level: first the level that power in
/// proportion would give and its neighbour, then halves of what is left.
unsigned PowerGovernor::fastest(const KernelProgram& program, Watts at_full_clock) {
  const Watts cap = *accelerator_.power.cap;
  unsigned fits = 0, exceeds = kLevels;
  auto next = static_cast<unsigned>(kLevels * ratio(cap, at_full_clock));
  Watts least = at_full_clock;
  for (int steps = 0; exceeds - fits > 1; ++steps) {
    next = std::clamp(next, fits + 1, exceeds - 1);
    const Watts power = trial(program, next).power;
    least = std::min(least, power);
    (power <= cap ? fits : exceeds) = next;
    next = steps == 0 ? (power <= cap ? next + 1 : next - 1) : (fits + exceeds) / 2;
  }
  if (fits == 0) {
    throw InputError{"PWR-CAP",
                     fmt::format("{} ({}): the chip takes {:.3g} W at 1/{} of its clock, power.cap is {:.4g} W", program.layer,
                                 to_string(program.pass), least.value(), kLevels, cap.value()),
                     "raise the cap, or choose an operating point of a lower voltage"};
  }
  return fits;
}

PowerGovernor::Trial PowerGovernor::trial(const KernelProgram& program, unsigned level) {
  machine_.set_clock(accelerator_.clock * (static_cast<double>(level) / kLevels));
  Trial result{in_own_cycles(machine_.run(program), level), {}};
  result.power = power_of(result.kernel);
  machine_.set_clock(accelerator_.clock);
  return result;
}

Watts PowerGovernor::power_of(const KernelResult& kernel) const {
  Accelerator chip = accelerator_;
  chip.chips = 1;
  Activity activity = kernel.activity;
  if (accelerator_.power.throttling == Throttling::worst_case) activity.gated_macs.clear();
  const Seconds time = duration(kernel.cycles, chip.clock);
  return chip_power(energy_of(activity, chip, technology_, time), time, 1);
}

KernelResult PowerGovernor::in_own_cycles(KernelResult kernel, unsigned level) const {
  const std::uint64_t clocked = kernel.cycles.value(), elapsed = at_full_clock(clocked, level);
  kernel.cycles = Cycles{elapsed};
  kernel.array_cycles.throttled =
      (elapsed - clocked) * accelerator_.cores * accelerator_.core.corelets;
  kernel.memory_busy_cycles = std::min(elapsed, at_full_clock(kernel.memory_busy_cycles, level));
  return kernel;
}

}  // namespace nibble
