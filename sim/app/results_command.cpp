#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "models/base/error.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/options.hpp"
#include "sim/report/atomic_file.hpp"
#include "sim/report/csv_report.hpp"
#include "sim/report/text_table.hpp"
#include "sim/sweep/effects_table.hpp"
#include "sim/sweep/evaluate.hpp"
#include "sim/sweep/results_query.hpp"
#include "sim/sweep/sweep_page.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Examples:
  nibble results results.db --where "core.l1.capacity >= 1048576 and power_w < 10"
  nibble results results.db --pareto time,energy,area --format csv --output front.csv
  nibble results results.db --columns energy_j.l1,bytes.memory_read --all
  nibble results results.db --effects
  nibble results results.db --report sweep.html)";

struct ResultsOptions {
  std::string database, format = "table", output, report;
  ResultsQuery query;
  bool effects = false;
};

std::string csv_of(const ResultsTable& table) {
  std::string text = fmt::format("{}\r\n", fmt::join(table.columns, ","));
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (const SqlValue& value : row) cells.push_back(csv_value(to_json(value)));
    text += fmt::format("{}\r\n", fmt::join(cells, ","));
  }
  return text;
}

std::string json_of(const ResultsTable& table) {
  Json list = Json::array();
  for (const auto& row : table.rows) {
    Json object = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i) object[table.columns[i]] = to_json(row[i]);
    list.push_back(std::move(object));
  }
  return json_text(list);
}

/// Rounded for people; CSV and JSON hold the exact numbers.
std::string shown(const SqlValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{:.4g}", *real);
  const auto* integer = std::get_if<std::int64_t>(&value);
  return integer == nullptr ? text_of(value) : fmt::format("{}", *integer);
}

std::string table_of(const ResultsTable& table) {
  std::vector<TableColumn> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    TableColumn column;
    column.heading = table.columns[i];
    for (const auto& row : table.rows) {
      column.left = column.left || std::holds_alternative<std::string>(row[i]);
      column.cells.push_back(shown(row[i]));
    }
    columns.push_back(std::move(column));
  }
  return table_text(columns);
}

void results(const ResultsOptions& options) {
  if (!std::filesystem::exists(options.database)) {
    throw InputError("DB-FILE", fmt::format("there is no database '{}'", options.database));
  }
  if (!options.report.empty()) {
    write_file(options.report, sweep_page(options.database, options.query.where));
    return;
  }
  const ResultsTable table = options.effects ? effects_table(options.database, options.query.where)
                                             : query_results(options.database, options.query);
  const std::string text = options.format == "csv"    ? csv_of(table)
                           : options.format == "json" ? json_of(table)
                                                      : table_of(table);
  if (options.output.empty()) {
    print(text);
  } else {
    write_file(options.output, text);
  }
}

}  // namespace

void add_results_command(CLI::App& program) {
  auto options = std::make_shared<ResultsOptions>();
  CLI::App* command = program.add_subcommand("results", "Print what a sweep has found");
  command->footer(kExamples);
  command->add_option("database", options->database, "Database of nibble sweep")->required();
  command->add_option("-f,--format", options->format, "table, json or csv")
      ->capture_default_str()
      ->check(CLI::IsMember({"table", "json", "csv"}));
  command->add_option("-o,--output", options->output, "Write to this file, whole or not at all, instead of stdout");
  command->add_option("--where", options->query.where, "Rows for which this holds: an SQL expression over axes and metrics");
  command->add_option("--pareto", options->query.pareto,
                      "Only rows that none of the same network beats in all of these metrics: time,energy,area")
      ->delimiter(',');
  command->add_option("--columns", options->query.columns, "Further metrics to print")->delimiter(',');
  command->add_flag("--all", options->query.all, "Rows that are not done or not feasible, too, with the reason");
  CLI::Option* effects = command->add_flag(
      "--effects", options->effects,
      "Main effects instead of rows: what each value of each axis does to the objectives, and its share of their variance");
  CLI::Option* report = command->add_option(
      "--report", options->report, "Write one HTML page of it all to this file: charts, front, main effects, best points");
  for (const char* other : {"--pareto", "--columns", "--all"}) {
    effects->excludes(command->get_option(other));
    report->excludes(command->get_option(other));
  }
  for (const char* other : {"--effects", "--format", "--output"}) report->excludes(command->get_option(other));
  command->callback([options] { results(*options); });
}

}  // namespace nibble
