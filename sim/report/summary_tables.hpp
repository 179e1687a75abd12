#pragma once

#include <string>
#include <vector>

#include "sim/report/document.hpp"
#include "sim/report/text_table.hpp"

/// Tables with a row for each run; run_table and compare_table put them together.
namespace nibble {

/// "one training step of resnet50, batch 64; grid world: 481 gCO2e/kWh, PUE 1.1"
[[nodiscard]] std::string title(const std::vector<Json>& runs);

/// Time, rate, energy, power and carbon of each run.
[[nodiscard]] std::vector<TableColumn> overview_columns(const std::vector<Json>& runs);

/// Each run's energy and the percent that each component took.
[[nodiscard]] std::vector<TableColumn> component_columns(const std::vector<Json>& runs);
/// Percent of array cycles by what the arrays did, and percent of time by part of the step.
[[nodiscard]] std::vector<TableColumn> time_columns(const std::vector<Json>& runs);
[[nodiscard]] std::string energy_by_component(const std::vector<Json>& runs);
[[nodiscard]] std::string where_the_time_went(const std::vector<Json>& runs);
/// Cost of a whole training, where the documents hold it; else "".
[[nodiscard]] std::string training_runs(const std::vector<Json>& runs);
/// What was simulated, what was free, and which constants no source settles.
[[nodiscard]] std::string footnotes(const std::vector<Json>& runs);

/// One row for each operation of the run.
[[nodiscard]] std::vector<TableColumn> layer_columns(const Json& run);
[[nodiscard]] std::string layers_table(const Json& run);
/// One row for each event: count x pJ = J, and the sum.
[[nodiscard]] std::string energy_table(const Json& run);

/// The value at `path` ("energy_j.total") of each run; missing or null becomes not-a-number.
[[nodiscard]] std::vector<double> values_of(const std::vector<Json>& runs, const std::string& path);
[[nodiscard]] std::vector<std::string> labels_of(const std::vector<Json>& runs);

}  // namespace nibble
