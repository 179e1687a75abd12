#include "models/carbon/equivalents.hpp"

namespace nibble {
namespace {

// strubell19, table 1, in pounds of CO2e.
constexpr double kCarLifetimeLb = 126'000;
constexpr double kAmericanYearLb = 36'156;
constexpr double kHumanYearLb = 11'023;
constexpr double kFlightLb = 1'984;
// strubell19, section 2.
constexpr double kPue = 1.58;
constexpr double kPoundsPerKilowattHour = 0.954;

}  // namespace

std::vector<Equivalent> equivalents(GramsCo2e amount) {
  const double pounds = amount.value() / kGramsPerPound;
  return {
      {"car lifetimes, fuel included", pounds / kCarLifetimeLb, "strubell19"},
      {"years of an American's life", pounds / kAmericanYearLb, "strubell19"},
      {"years of an average human's life", pounds / kHumanYearLb, "strubell19"},
      {"flights New York - San Francisco, one passenger", pounds / kFlightLb, "strubell19"},
  };
}

double strubell_kilowatt_hours(double hours, Watts whole_system) {
  return kPue * hours * whole_system.value() / 1000.0;
}

GramsCo2e strubell_carbon(double kilowatt_hours) {
  return GramsCo2e{kilowatt_hours * kPoundsPerKilowattHour * kGramsPerPound};
}

}  // namespace nibble
