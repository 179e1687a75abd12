#pragma once

#include <string>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "models/config/technology.hpp"
#include "models/energy/energy.hpp"
#include "sim/chip/machine.hpp"

namespace nibble {

/// PowerGovernor: runs kernels on a chip such that its average power over each of them stays below the machine's cap.
///
/// The clock loses pulses, evenly, in steps of 1/64, for a whole kernel at a time (a compiler knows layers, not cycles); the
/// voltage stays, and the memory keeps its own pace. The fastest step that fits is searched by simulating, so that a kernel that
/// waits for memory anyway gives up nothing. A pulse left out costs no energy, the chip leaks on.
/// sparsity_aware: power with the multiplies that zeros hold still, as they were measured in the network. worst_case: as if
/// no operand were zero; the energy that is charged is that of the real operands all the same.
/// Power is what energy_of charges the chip, without its external memory and links.
class PowerGovernor {
 public:
  /// All three must outlive the governor.
  PowerGovernor(Machine& machine, const Accelerator& accelerator, const Technology& technology);

  /// Results in cycles of the machine's own clock: those whose pulse was left out are booked as `throttled`.
  /// InputError [PWR-CAP] if the chip takes more than the cap even at the slowest clock.
  /// `timeline` (nullptr: nobody) sees the kernel at the clock that it runs at, and none of the trials.
  [[nodiscard]] KernelResult run(const KernelProgram& program, Timeline* timeline = nullptr);

 private:
  struct Trial {
    KernelResult kernel;
    Watts power;  ///< that the cap is held against
  };
  [[nodiscard]] Trial trial(const KernelProgram& program, unsigned level);
  [[nodiscard]] unsigned fastest(const KernelProgram& program, Watts at_full_clock);
  [[nodiscard]] Watts power_of(const KernelResult& kernel) const;
  [[nodiscard]] KernelResult in_own_cycles(KernelResult kernel, unsigned level) const;

  Machine& machine_;
  const Accelerator& accelerator_;
  const Technology& technology_;
};

/// Average power of one chip without external memory and links, which is what a cap holds.
[[nodiscard]] Watts chip_power(const EnergyReport& energy, Seconds time, std::uint32_t chips);

/// All that a kernel's clock depends on besides its program and the machine's timing; "" without a cap.
[[nodiscard]] std::string power_key(const Accelerator& accelerator, const Technology& technology);

}  // namespace nibble
