#pragma once

#include <map>
#include <string>

#include "models/base/units.hpp"
#include "models/config/override.hpp"

namespace nibble {

/// An energy with where it comes from; memory_only marks a figure that no source settles.
struct EventEnergy {
  Picojoules energy;   ///< at the technology's reference voltage
  std::string per;     ///< what one event is: "MAC", "byte", "lane operation", "byte and mm"
  std::string source;  ///< key into models/SOURCES.md, or "ESTIMATE: reasoning"
  bool memory_only = false;
};

/// The area of one piece with where it comes from; `core.overhead` is a plain factor.
struct AreaEntry {
  double value = 0;  ///< mm2
  std::string source;
};

/// What making a chip emits: the coefficients of ACT's formula (act22), per process node.
struct Fabrication {
  double energy_kwh_per_cm2 = 0;   ///< EPA
  double gas_g_per_cm2 = 0;        ///< GPA
  double materials_g_per_cm2 = 0;  ///< MPA
  double yield = 1.0;
  GramsPerKilowattHour grid_intensity;            ///< of the electricity that the fab uses
  GramsCo2e package;                              ///< per packaged chip
  std::map<std::string, double> memory_g_per_gb;  ///< by memory kind
  double lifetime_years = 0;                      ///< over which a device's embodied carbon is spread
  double utilisation = 0;                         ///< share of that life in which it works
};

/// Event energies, leakage and fabrication of one process node.
struct Technology {
  std::string name;
  std::string description;
  double node_nm = 0;
  Volts reference_voltage;
  /// Keys: "mac.<mode>", "mac.<mode>.gated", "register.read", "register.write", "l0.read", "l0.write",
  /// "l1.read", "l1.write", "sfu.lane_op", "ring.byte_mm", "psum_ring.byte_mm" (a hop's length comes from the
  /// floor plan: models/energy/scaling.hpp), "array.byte_mm" (from element to element: models/energy/area.hpp), "memory.<kind>.row_miss", "memory.<kind>.read", "memory.<kind>.write", "clock.core_cycle"
  /// (clock tree and control of one core, per running cycle) and "clock.idle_core_cycle" (what of it is left
  /// when the core waits). Memory energies belong to another device and do not scale with the core's voltage.
  std::map<std::string, EventEnergy> events;
  /// Keys: "mac.<mode>", "register.bit", "sram.bit", "sfu.lane", "core.overhead" (factor on a core's parts for control,
  /// wiring and clock), "memory.<kind>.gb_per_s", "chip.fixed". Empty: this technology gives no areas.
  std::map<std::string, AreaEntry> areas;
  double leakage_w_per_mm2 = 0;  ///< at reference voltage
  std::string leakage_source;
  bool memory_only_leakage = false;
  Fabrication fabrication;
  std::string file;
  std::string hash;
};

[[nodiscard]] Technology load_technology(const std::string& name_or_path, const Overrides& overrides = {});

}  // namespace nibble
