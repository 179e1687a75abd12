#include "models/energy/area.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/base/error.hpp"

namespace nibble {
namespace {

double entry(const Technology& technology, const std::string& key) {
  const auto found = technology.areas.find(key);
  if (found == technology.areas.end()) {
    throw InputError{"TECH-AREA", fmt::format("the technology {} has no area for '{}'", technology.name, key),
                     "add it under 'areas' of the technology, or extend one that has it"};
  }
  return found->second.value;
}

double bits(Bytes size) { return static_cast<double>(size.value()) * 8; }

/// All multipliers of a lane side by side; modes that share a pipeline have an area of 0 in the technology.
double lane_mm2(const MpeArray& mpe, const Technology& technology) {
  double mm2 = 0;
  for (const MacMode& mode : mpe.modes) mm2 += entry(technology, "mac." + mode.name) * mode.macs_per_lane;
  return mm2;
}

/// Share of the die that arrays take where no areas are known: rapid's 512 elements on its 36 mm2, by the areas of ibm-7nm.
constexpr double kArrayShare = 0.2;

bool has_element(const MpeArray& mpe, const Technology& technology) {
  const auto known = [&](const std::string& key) { return technology.areas.contains(key); };
  return known("register.bit") && known("core.overhead") &&
         std::all_of(mpe.modes.begin(), mpe.modes.end(), [&](const MacMode& mode) { return known("mac." + mode.name); });
}

/// The parts of one core, without its overhead.
std::map<std::string, double> core_parts(const Core& core, const Technology& technology) {
  const double corelets = core.corelets;
  const double elements = corelets * core.mpe.rows * core.mpe.columns;
  const double sfu_lanes = corelets * core.sfu.arrays * core.sfu.units * core.sfu.lanes;
  const double sram = entry(technology, "sram.bit");
  return {{"mpe", elements * core.mpe.lanes * lane_mm2(core.mpe, technology)},
          {"registers", elements * bits(core.mpe.registers) * entry(technology, "register.bit")},
          {"l0", corelets * core.l0.slices * bits(core.l0.slice_capacity) * sram},
          {"l1", bits(core.l1.capacity) * sram},
          {"sfu", sfu_lanes * entry(technology, "sfu.lane")}};
}

}  // namespace

double element_pitch_mm(const Accelerator& accelerator, const Technology& technology) {
  const MpeArray& mpe = accelerator.core.mpe;
  if (!has_element(mpe, technology)) {
    const double elements = double{1} * accelerator.cores * accelerator.core.corelets * mpe.rows * mpe.columns;
    return std::sqrt(kArrayShare * accelerator.die_area.value() / elements);
  }
  const double parts = mpe.lanes * lane_mm2(mpe, technology) + bits(mpe.registers) * entry(technology, "register.bit");
  return std::sqrt(parts * entry(technology, "core.overhead"));
}

AreaReport area_of(const Accelerator& accelerator, const Technology& technology) {
  AreaReport report;
  if (technology.areas.empty()) {
    report.components["given"] = report.total = accelerator.die_area;
    return report;
  }
  double parts = 0;
  for (const auto& [name, mm2] : core_parts(accelerator.core, technology)) {
    parts += mm2;
    report.components[name] = SquareMillimetres{mm2 * accelerator.cores};
  }
  const double overhead = parts * (entry(technology, "core.overhead") - 1);
  const double gb_per_s = accelerator.memory.bandwidth.value() / 1e9;
  report.core = SquareMillimetres{parts + overhead};
  report.components["overhead"] = SquareMillimetres{overhead * accelerator.cores};
  report.components["memory"] =
      SquareMillimetres{gb_per_s * entry(technology, "memory." + accelerator.memory.kind + ".gb_per_s")};
  report.components["fixed"] = SquareMillimetres{entry(technology, "chip.fixed")};
  for (const auto& [name, area] : report.components) report.total += area;
  return report;
}

}  // namespace nibble
