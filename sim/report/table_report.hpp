#pragma once

#include <string>
#include <vector>

#include "sim/report/document.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {

/// A run's document as tables for people: overview, energy by component, where the time went, and what the
/// document holds beyond that (training run, layers, energy table).
[[nodiscard]] std::string run_table(const Json& run);

/// A comparison's document as tables for people: as run_table with a row for each run, and their ratios.
[[nodiscard]] std::string compare_table(const Json& comparison);

/// The overview of a comparison's runs and their ratios.
[[nodiscard]] std::vector<TableColumn> comparison_columns(const Json& comparison);

/// The points of a scaling document, one a row.
[[nodiscard]] std::string scaling_table(const Json& document);

}  // namespace nibble
