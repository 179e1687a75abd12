#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "models/config/technology.hpp"
#include "models/energy/activity.hpp"

namespace nibble {

/// dynamic: work; idle: clocks of cores that wait; statics: leakage over the whole time.
enum class EnergyClass { dynamic, idle, statics };

/// One line of the energy table: count x energy per event.
struct EnergyRow {
  std::string component;  ///< "mpe", "registers", "wires", "l0", "l1", "sfu", "ring", "memory", "link", "clock", "leakage"
  std::string event;      ///< key of the technology: "mac.fp16", "l1.read"
  EnergyClass energy_class = EnergyClass::dynamic;
  double count = 0;
  std::string per;  ///< what is counted
  Picojoules each;  ///< after voltage scaling
  std::string source;
  bool memory_only = false;  ///< the constant is unverified
  Joules energy;
};

struct EnergyReport {
  std::vector<EnergyRow> rows;
  std::map<std::string, Joules> components;
  Joules dynamic, idle, statics, total;
};

/// Throws LawError if the components do not add up to the total.
[[nodiscard]] EnergyReport energy_of(const Activity& activity, const Accelerator& accelerator,
                                     const Technology& technology, Seconds elapsed);

/// Efficiency of a mode when every lane multiplies in every cycle, with the operand traffic of a large GEMM.
struct PeakEfficiency {
  std::string mode;
  double tops = 0;
  Watts power;
  double tops_per_w = 0;
};
[[nodiscard]] PeakEfficiency peak_efficiency(const Accelerator& accelerator, const Technology& technology,
                                             const MacMode& mode);

}  // namespace nibble
