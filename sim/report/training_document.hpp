#pragma once

#include "sim/report/document.hpp"

namespace nibble {

/// One step scaled to a whole training: steps, time, kWh, kgCO2e and what else emits as much.
[[nodiscard]] Json training_object(const RunResult& result, const TrainingLength& length);

}  // namespace nibble
