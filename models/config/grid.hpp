#pragma once

#include <string>

#include "models/config/override.hpp"
#include "models/base/units.hpp"

namespace nibble {

/// Electricity at a place: what a kilowatt-hour emits, and the overhead of the building around it.
struct Grid {
  std::string name;
  std::string description;
  GramsPerKilowattHour intensity;
  int year = 0;
  double pue = 1.0;  ///< power usage effectiveness
  std::string source;
  std::string file;
  std::string hash;
};

[[nodiscard]] Grid load_grid(const std::string& name_or_path, const Overrides& overrides = {});

}  // namespace nibble
