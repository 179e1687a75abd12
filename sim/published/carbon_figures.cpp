#include "sim/published/carbon_figures.hpp"

#include "models/base/error.hpp"
#include "models/carbon/carbon.hpp"
#include "models/carbon/embodied.hpp"
#include "models/carbon/equivalents.hpp"

namespace nibble {
namespace {

constexpr double kSecondsPerDay = 24 * 3600;
constexpr double kGramsPerTonne = 1e6;

double in_unit(CarbonUnit unit, double kwh, GramsCo2e carbon) {
  switch (unit) {
    case CarbonUnit::kilowatt_hours:
      return kwh;
    case CarbonUnit::megawatt_hours:
      return kwh / 1000;
    case CarbonUnit::pounds:
      return carbon.value() / kGramsPerPound;
    case CarbonUnit::tonnes:
      return carbon.value() / kGramsPerTonne;
    case CarbonUnit::car_lifetimes:
      return equivalents(carbon).front().count;
  }
  throw InternalError{"a carbon unit that nothing converts to"};
}

}  // namespace

double carbon_figure(const StrubellMeasure& measure) {
  const double kwh = strubell_kilowatt_hours(measure.hours, measure.power);
  return in_unit(measure.as, kwh, strubell_carbon(kwh));
}

double carbon_figure(const DieMeasure& measure) {
  Fabrication fab;
  fab.energy_kwh_per_cm2 = measure.energy_kwh_per_cm2;
  fab.gas_g_per_cm2 = measure.gas_g_per_cm2;
  fab.materials_g_per_cm2 = measure.materials_g_per_cm2;
  fab.yield = measure.yield;
  fab.grid_intensity = measure.grid_intensity;
  return (die_carbon(measure.area, fab) + measure.packages).value();
}

double carbon_figure(const MemoryMeasure& measure) {
  return (memory_carbon(measure.capacity, measure.g_per_gb, measure.yield) + measure.packages).value();
}

double carbon_figure(const TrainingMeasure& measure) {
  const Joules energy{measure.devices * measure.power.value() * measure.days * kSecondsPerDay};
  Grid grid;
  grid.pue = measure.pue;
  grid.intensity = measure.intensity;
  return in_unit(measure.as, kilowatt_hours(energy) * measure.pue, operational_carbon(energy, grid));
}

}  // namespace nibble
