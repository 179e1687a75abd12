#pragma once

#include <string>
#include <vector>

#include "models/base/units.hpp"

namespace nibble {

/// An amount of CO2e in terms of something that people know.
struct Equivalent {
  std::string what;  ///< "car lifetimes (fuel included)"
  double count = 0;
  std::string source;  ///< key into models/SOURCES.md
};

/// Strubell's comparisons (strubell19), largest unit first.
[[nodiscard]] std::vector<Equivalent> equivalents(GramsCo2e amount);

/// Grams in a pound: exact, by definition.
inline constexpr double kGramsPerPound = 453.59237;

/// Strubell's estimate for a training on whole servers (strubell19): 1.58 x hours x watts / 1000.
[[nodiscard]] double strubell_kilowatt_hours(double hours, Watts whole_system);
/// 0.954 lb for each kWh, the US average of 2018.
[[nodiscard]] GramsCo2e strubell_carbon(double kilowatt_hours);

}  // namespace nibble
