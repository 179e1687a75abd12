#pragma once

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "models/config/grid.hpp"
#include "models/config/technology.hpp"

namespace nibble {

struct CarbonReport {
  GramsCo2e operational, embodied, total;                    ///< of the run itself
  GramsCo2e device_embodied;                                 ///< of making the whole device, all its chips
  double device_lifetime_years = 0, device_utilisation = 0;  ///< that embodied carbon is spread over
};

/// operational = energy x PUE x intensity; embodied = ACT's formula over die and memory, times the run's
/// share of the device's useful life.
[[nodiscard]] CarbonReport carbon_of(Joules energy, Seconds time, const Accelerator& accelerator,
                                     const Technology& technology, const Grid& grid);

}  // namespace nibble
