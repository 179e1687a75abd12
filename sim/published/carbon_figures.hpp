#pragma once

#include "models/config/published.hpp"

namespace nibble {

/// Carbon figures by the formulas that runs are charged with (models/carbon), in the unit that the measure asks for.
[[nodiscard]] double carbon_figure(const StrubellMeasure& measure);
[[nodiscard]] double carbon_figure(const DieMeasure& measure);     ///< g
[[nodiscard]] double carbon_figure(const MemoryMeasure& measure);  ///< g
[[nodiscard]] double carbon_figure(const TrainingMeasure& measure);

}  // namespace nibble
