#include "sim/report/table_report.hpp"

#include "sim/report/summary_tables.hpp"

namespace nibble {
namespace {

/// Tables and notes with an empty line between them; empty ones leave no trace.
std::string paragraphs(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    if (!text.empty()) text += '\n';
    text += part;
  }
  return text;
}

std::vector<TableColumn> ratio_columns(const Json& comparison) {
  std::vector<TableColumn> columns;
  for (const Json& baseline : comparison.at("baselines")) {
    const auto label = baseline.get<std::string>();
    std::vector<double> speed;
    std::vector<double> energy;
    for (const Json& entry : comparison.at("ratios")) {
      speed.push_back(entry.at("to").at(label).at("speed").get<double>());
      energy.push_back(entry.at("to").at(label).at("energy").get<double>());
    }
    columns.push_back(numbers("faster", "x", speed));
    columns.push_back(numbers("less energy", "x", energy));
    for (std::size_t i = columns.size() - 2; i < columns.size(); ++i) columns[i].group = "than " + label;
  }
  return columns;
}

}  // namespace

std::vector<TableColumn> comparison_columns(const Json& comparison) {
  std::vector<TableColumn> columns = overview_columns(comparison.at("runs").get<std::vector<Json>>());
  for (TableColumn& column : ratio_columns(comparison)) columns.push_back(std::move(column));
  return columns;
}

std::string run_table(const Json& run) {
  const std::vector<Json> runs = {run};
  return paragraphs({title(runs), table_text(overview_columns(runs)), energy_by_component(runs),
                     where_the_time_went(runs), training_runs(runs),
                     run.contains("layers") ? layers_table(run) : "",
                     run.contains("energy_table") ? energy_table(run) : "", footnotes(runs)});
}

std::string compare_table(const Json& comparison) {
  const std::vector<Json> runs = comparison.at("runs").get<std::vector<Json>>();
  return paragraphs({title(runs), table_text(comparison_columns(comparison)), energy_by_component(runs), where_the_time_went(runs),
                     training_runs(runs), footnotes(runs)});
}

}  // namespace nibble
