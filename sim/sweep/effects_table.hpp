#pragma once

#include <string>

#include "sim/sweep/results_query.hpp"

namespace nibble {

/// What each level of each axis (and of the recipe, where there are several) does to each objective, over the rows that
/// were simulated and for which `where` holds: main_effects.hpp on their logarithms, networks as blocks.
///
/// Columns: axis, value, rows; for each objective METRIC.factor (times the mean of all rows) and METRIC.share (of the
/// variance, the same for all levels of an axis). Last, the row "(interactions)" with what axes alone do not explain.
/// InputError [DB-ROWS] if no row is left.
[[nodiscard]] ResultsTable effects_table(const std::string& path, const std::string& where);

}  // namespace nibble
