#pragma once

#include "models/base/units.hpp"
#include "models/config/grid.hpp"
#include "models/config/technology.hpp"

namespace nibble {

[[nodiscard]] double kilowatt_hours(Joules energy);

/// Energy x PUE x grid intensity.
[[nodiscard]] GramsCo2e operational_carbon(Joules energy, const Grid& grid);

/// ACT (act22): area x (CI_fab x EPA + GPA + MPA) / yield. Without the package.
[[nodiscard]] GramsCo2e die_carbon(SquareMillimetres area, const Fabrication& fabrication);

/// ACT (act22): capacity x carbon per gigabyte (10^9 bytes). The paper's formula stops there; the tool's
/// second version also divides by a yield.
[[nodiscard]] GramsCo2e memory_carbon(Bytes capacity, double g_per_gb, double yield = 1.0);

}  // namespace nibble
