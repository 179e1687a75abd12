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

/// What names of this database mean, as SQL.
class Names {
 public:
  explicit Names(Database& database) {
    database.query("SELECT value FROM sweep WHERE key = 'axes'", {}, [&](const auto& row) {
      const Json axes = Json::parse(text_of(row.front()));
      for (const Json& axis : axes) axes_.push_back(axis);
    });
    database.query("SELECT value FROM sweep WHERE key = 'objectives'", {}, [&](const auto& row) {
      const Json objectives = Json::parse(text_of(row.front()));
      for (const auto& [metric, direction] : objectives.items()) {
        if (direction == "max") maximised_.push_back(metric);
      }
    });
    for (const std::string& column : result_columns()) {
      if (column != "axes" && column != "metrics") sql_[column] = column;
    }
    database.query("SELECT metrics FROM results WHERE status = 'done' LIMIT 1", {}, [&](const auto& row) {
      const Json metrics = Json::parse(text_of(row.front()));
      for (const auto& [metric, value] : metrics.items()) {
        sql_.try_emplace(metric, fmt::format("json_extract(metrics, '$.\"{}\"')", metric));
      }
    });
    for (const std::string& axis : axes_) sql_.try_emplace(axis, fmt::format("json_extract(axes, '$.\"{}\"')", axis));
  }

  [[nodiscard]] const std::vector<std::string>& axes() const { return axes_; }

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

  /// Whether more of it is better: as the sweep says, else as everyone does.
  [[nodiscard]] bool maximised(const std::string& metric) const {
    if (std::find(maximised_.begin(), maximised_.end(), metric) != maximised_.end()) return true;
    return metric == "samples_per_s" || metric == "utilisation" || metric == "tops" || metric == "tops_per_w";
  }

 private:
  std::vector<std::string> axes_, maximised_;
  std::map<std::string, std::string> sql_;
};

double number(const SqlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  const auto* real = std::get_if<double>(&value);
  return real == nullptr ? 0 : *real;
}

/// Keeps the rows that no row of the same network dominates. `goals`: the columns behind the printed ones.
void keep_front(ResultsTable& table, std::size_t network, std::size_t first_goal, const std::vector<bool>& maximised) {
  std::vector<std::vector<double>> goals;
  for (const auto& row : table.rows) {
    std::vector<double> values;
    for (std::size_t i = 0; i < maximised.size(); ++i) values.push_back((maximised[i] ? -1 : 1) * number(row[first_goal + i]));
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
