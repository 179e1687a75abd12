#pragma once

#include <map>
#include <string>

#include "models/base/units.hpp"

namespace nibble {

/// An energy with where it comes from; memory_only marks a figure that no source settles.
struct EventEnergy {
  Picojoules energy;      ///< at the technology's reference voltage
  std::string per;        ///< what one event is: "MAC", "byte", "lane operation", "byte and hop"
  std::string source;     ///< key into models/SOURCES.md, or "ESTIMATE: reasoning"
  bool memory_only = false;
};

/// Event energies, leakage and areas of one process node.
struct Technology {
  std::string name;
  std::string description;
  double node_nm = 0;
  Volts reference_voltage;
  /// Keys: "mac.<mode>", "mac.<mode>.gated", "register.read", "register.write", "l0.read", "l0.write",
  /// "l1.read", "l1.write", "sfu.lane_op", "ring.byte_hop", "psum_ring.byte_hop", "memory.<kind>.read",
  /// "memory.<kind>.write", "clock.core_cycle" (clock tree and control of one core, per running cycle).
  std::map<std::string, EventEnergy> events;
  double leakage_w_per_mm2 = 0;        ///< at reference voltage
  std::string leakage_source;
  bool memory_only_leakage = false;
  /// Memory energies belong to the memory device and do not scale with the core's voltage.
  std::string file;
  std::string hash;
};

[[nodiscard]] Technology load_technology(const std::string& name_or_path);

}  // namespace nibble
