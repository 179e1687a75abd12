#include "sim/sweep/results_query.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "models/base/error.hpp"
#include "sim/report/document.hpp"
#include "sim/sweep/design_space.hpp"
#include "sim/sweep/expression.hpp"
#include "sim/sweep/nsga2.hpp"
#include "sim/sweep/result_store.hpp"

namespace nibble {
namespace {

SweepFacts facts_of(Database& database) {
  SweepFacts facts;
  database.query("SELECT key, value FROM sweep", {}, [&](const std::vector<SqlValue>& row) {
    const std::string key = text_of(row[0]), value = text_of(row[1]);
    if (key == "name") facts.name = value;
    if (key == "description") facts.description = value;
    if (key == "version") facts.version = value;
    if (key == "axes") facts.axes = Json::parse(value).get<std::vector<std::string>>();
    if (key != "objectives") return;
    const Json objectives = Json::parse(value);
    for (const auto& [metric, direction] : objectives.items()) facts.objectives.push_back({metric, direction == "max"});
  });
  return facts;
}

/// What names of this database mean, as SQL.
class Names {
 public:
  explicit Names(Database& database) : facts_{facts_of(database)} {
    for (const std::string& column : result_columns()) {
      if (column != "axes" && column != "metrics") sql_[column] = column;
    }
    database.query("SELECT metrics FROM results WHERE status = 'done' LIMIT 1", {}, [&](const auto& row) {
      const Json metrics = Json::parse(text_of(row.front()));
      for (const auto& [metric, value] : metrics.items()) {
        sql_.try_emplace(metric, fmt::format("json_extract(metrics, '$.\"{}\"')", metric));
      }
    });
    for (const std::string& axis : facts_.axes) sql_.try_emplace(axis, fmt::format("json_extract(axes, '$.\"{}\"')", axis));
  }

  [[nodiscard]] const std::vector<std::string>& axes() const { return facts_.axes; }

  [[nodiscard]] std::string sql(const std::string& given) const { return sql_.at(meant(given)); }

  /// The name itself, one that ends in it, or one that lacks only its unit: "energy".
  [[nodiscard]] std::string meant(const std::string& given) const {
    std::vector<std::string> known;
    for (const auto& [name, sql] : sql_) known.push_back(name);
    if (const auto found = known_name(given, known)) return *found;
    for (const std::string& metric : row_metrics()) {
      if (metric.starts_with(given + "_") && metric.find('_', given.size() + 1) == std::string::npos) return metric;
    }
    const std::string near = nearest_word(given, known);
    throw InputError("DB-NAME", fmt::format("'{}' is no column, axis or metric of these results", given),
                     near.empty() ? "" : fmt::format("did you mean '{}'?", near));
  }

  [[nodiscard]] bool maximised(const std::string& metric) const { return more_is_better(metric, facts_.objectives); }

 private:
  SweepFacts facts_;
  std::map<std::string, std::string> sql_;
};

/// Keeps the rows that no row of the same network dominates. `goals`: the columns behind the printed ones.
void keep_front(ResultsTable& table, std::size_t network, std::size_t first_goal, const std::vector<bool>& maximised) {
  std::vector<std::vector<double>> goals;
  for (const auto& row : table.rows) {
    std::vector<double> values;
    for (std::size_t i = 0; i < maximised.size(); ++i) values.push_back((maximised[i] ? -1 : 1) * number_of(row[first_goal + i]));
    goals.push_back(std::move(values));
  }
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < goals.size(); ++i) {
    bool beaten = false;
    for (std::size_t j = 0; j < goals.size() && !beaten; ++j) {
      beaten = table.rows[j][network] == table.rows[i][network] && dominates(goals[j], goals[i]);
    }
    if (!beaten) front.push_back(i);
  }
  std::vector<std::vector<SqlValue>> rows;
  for (const std::size_t i : front) rows.push_back(std::move(table.rows[i]));
  table.rows = std::move(rows);
}

}  // namespace

std::size_t ResultsTable::at(const std::string& column) const {
  const auto found = std::find(columns.begin(), columns.end(), column);
  if (found == columns.end()) throw InternalError{"no column " + column};
  return static_cast<std::size_t>(found - columns.begin());
}

double number_of(const SqlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  const auto* real = std::get_if<double>(&value);
  return real == nullptr ? 0 : *real;
}

SweepFacts sweep_facts(const std::string& path) {
  Database database{path, Database::Access::read};
  return facts_of(database);
}

ResultsQuery simulated_rows(const std::string& where) {
  ResultsQuery query;
  query.all = true;
  query.where = where.empty() ? "status = 'done'" : "status = 'done' AND (" + where + ")";
  return query;
}

bool more_is_better(const std::string& metric, const std::vector<SweepObjective>& objectives) {
  for (const SweepObjective& objective : objectives) {
    if (objective.metric == metric) return objective.maximise;
  }
  return metric == "samples_per_s" || metric == "utilisation" || metric == "tops" || metric == "tops_per_w";
}

ResultsTable query_results(const std::string& path, const ResultsQuery& query) {
  Database database{path, Database::Access::read};
  const Names names{database};
  ResultsTable table;
  table.columns = {"point", "network", "recipe"};
  const auto add = [&](const std::string& name) {
    if (std::find(table.columns.begin(), table.columns.end(), name) == table.columns.end()) table.columns.push_back(name);
  };
  for (const std::string& axis : names.axes()) add(axis);
  for (const std::string& metric : row_metrics()) add(metric);
  for (const std::string& column : query.columns) add(names.meant(column));
  if (query.all) {
    for (const char* column : {"status", "feasible", "reason"}) add(column);
  }
  std::vector<std::string> selected;
  for (const std::string& column : table.columns) selected.push_back(names.sql(column));
  std::vector<bool> maximised;
  for (const std::string& goal : query.pareto) {
    selected.push_back(names.sql(goal));
    maximised.push_back(names.maximised(names.meant(goal)));
  }
  std::string where = query.all ? "1" : "status = 'done' AND feasible = 1";
  if (!query.where.empty()) {
    where += fmt::format(" AND ({})", replace_names(query.where, [&](const std::string& name) { return names.sql(name); }));
  }
  database.query(fmt::format("SELECT {} FROM results WHERE {} ORDER BY point, network, recipe", fmt::join(selected, ", "), where),
                 {}, [&](const std::vector<SqlValue>& row) { table.rows.push_back(row); });
  if (!query.pareto.empty()) keep_front(table, 1, table.columns.size(), maximised);
  for (auto& row : table.rows) row.resize(table.columns.size());
  return table;
}

}  // namespace nibble
