#include "models/carbon/training_run.hpp"

#include "models/carbon/embodied.hpp"

namespace nibble {

TrainingRun training_run(Seconds step_time, Joules step_energy, const CarbonReport& step_carbon, double steps,
                         const Grid& grid) {
  return {steps,
          step_time * steps,
          kilowatt_hours(step_energy) * grid.pue * steps,
          step_carbon.operational * steps,
          step_carbon.embodied * steps,
          step_carbon.total * steps};
}

double training_steps(double epochs, std::uint64_t samples, std::uint64_t batch) {
  return epochs * static_cast<double>(ceil_div(samples, batch));
}

}  // namespace nibble
