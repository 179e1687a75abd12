#pragma once

#include "models/base/units.hpp"
#include "models/carbon/carbon.hpp"
#include "models/config/grid.hpp"

namespace nibble {

/// A whole training, as so many equal steps.
struct TrainingRun {
  double steps = 0;
  Seconds time;
  double kwh = 0;  ///< at the plug: PUE included
  GramsCo2e operational, embodied, total;
};

/// Scales one step. Validation passes, data loading and the host are not in it.
[[nodiscard]] TrainingRun training_run(Seconds step_time, Joules step_energy, const CarbonReport& step_carbon,
                                       double steps, const Grid& grid);

/// Steps of `epochs` passes over `samples` samples; a last, part-filled batch is a step too.
[[nodiscard]] double training_steps(double epochs, std::uint64_t samples, std::uint64_t batch);

}  // namespace nibble
