#pragma once

#include <string>

#include "sim/report/document.hpp"
#include "sim/system/run_result.hpp"

/// The parts of a run's document (document.hpp) that a whole run and one operation of it share, and its
/// lists.
namespace nibble {

[[nodiscard]] Json array_cycles_object(const ArrayCycles& cycles, bool capped);  ///< with their "total"; `capped`: and "throttled"
[[nodiscard]] Json bytes_object(const Activity& activity);          ///< moved, by level
[[nodiscard]] Json energy_object(const EnergyReport& energy);       ///< "total", then each component
[[nodiscard]] Json activity_object(const RunResult& result);        ///< counted events that are not bytes
[[nodiscard]] Json passes_object(const RunResult& result);          ///< time and MACs by part of the step
[[nodiscard]] Json energy_table_array(const EnergyReport& energy);  ///< count x pJ = J, event by event
[[nodiscard]] Json layers_array(const RunResult& result);           ///< one object for each operation

/// "fwd", "dgrad", "wgrad", "vector", "update" or "recompute": vector work counts as one part, whichever way it goes;
/// what is computed again as another, with its vector work.
[[nodiscard]] std::string pass_name(Pass pass);
/// "forward", "backward" or "update".
[[nodiscard]] std::string phase_name(Pass pass);

}  // namespace nibble
