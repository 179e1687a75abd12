#include "models/carbon/carbon.hpp"

#include <fmt/format.h>

#include "models/base/error.hpp"
#include "models/carbon/embodied.hpp"

namespace nibble {
namespace {

constexpr double kSecondsPerYear = 365.25 * 24 * 3600;
constexpr double kBytesPerGigabyte = 1e9;

}  // namespace

GramsCo2e operational_carbon(Joules energy, const Grid& grid) {
  return GramsCo2e{kilowatt_hours(energy) * grid.pue * grid.intensity.value()};
}

double kilowatt_hours(Joules energy) { return energy.value() / 3.6e6; }

GramsCo2e die_carbon(SquareMillimetres area, const Fabrication& fab) {
  const double per_cm2 =
      fab.grid_intensity.value() * fab.energy_kwh_per_cm2 + fab.gas_g_per_cm2 + fab.materials_g_per_cm2;
  return GramsCo2e{area.value() / 100.0 * per_cm2 / fab.yield};
}

GramsCo2e memory_carbon(Bytes capacity, double g_per_gb, double yield) {
  return GramsCo2e{static_cast<double>(capacity.value()) / kBytesPerGigabyte * g_per_gb / yield};
}

CarbonReport carbon_of(Joules energy, Seconds time, const Accelerator& accelerator,
                       const Technology& technology, const Grid& grid) {
  const Fabrication& fab = technology.fabrication;
  const auto memory = fab.memory_g_per_gb.find(accelerator.memory.kind);
  if (memory == fab.memory_g_per_gb.end()) {
    throw InputError{"TEC-MEMORY",
                     fmt::format("technology '{}' has no embodied carbon for '{}' memory", technology.name,
                                 accelerator.memory.kind),
                     fmt::format("add it under fabrication.memory_g_per_gb: in {}", technology.file)};
  }
  CarbonReport report;
  report.device_lifetime_years = fab.lifetime_years;
  report.device_utilisation = fab.utilisation;
  report.device_embodied = die_carbon(accelerator.die_area, fab) + fab.package +
                           memory_carbon(accelerator.memory.capacity, memory->second);
  report.device_embodied = report.device_embodied * static_cast<double>(accelerator.chips);
  const double useful_life_s = fab.lifetime_years * kSecondsPerYear * fab.utilisation;
  report.operational = operational_carbon(energy, grid);
  report.embodied = report.device_embodied * (time.value() / useful_life_s);
  report.total = report.operational + report.embodied;
  return report;
}

}  // namespace nibble
