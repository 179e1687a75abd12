#include "sim/sweep/effects_table.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "models/base/error.hpp"
#include "sim/sweep/main_effects.hpp"

namespace nibble {
namespace {

/// A factor with the words of its levels.
struct Axis {
  Factor factor;
  std::vector<SqlValue> values;
};

Axis axis_of(const ResultsTable& table, const std::string& column) {
  const std::size_t at = table.at(column);
  Axis axis{{column, {}}, {}};
  for (const auto& row : table.rows) axis.values.push_back(row[at]);
  std::sort(axis.values.begin(), axis.values.end());
  axis.values.erase(std::unique(axis.values.begin(), axis.values.end()), axis.values.end());
  for (const auto& row : table.rows) {
    const auto found = std::lower_bound(axis.values.begin(), axis.values.end(), row[at]);
    axis.factor.levels.push_back(static_cast<std::size_t>(found - axis.values.begin()));
  }
  return axis;
}

/// Axes with more than one level; of linked ones the first, which stands for all.
std::vector<Axis> axes_of(const ResultsTable& table, std::vector<std::string> columns) {
  columns.emplace_back("recipe");
  std::vector<Axis> axes;
  std::vector<Factor> factors;
  for (const std::string& column : columns) {
    Axis axis = axis_of(table, column);
    if (axis.values.size() < 2) continue;
    factors.push_back(axis.factor);
    axes.push_back(std::move(axis));
  }
  std::vector<Axis> joined;
  for (const Factor& factor : join_linked(factors)) {
    const auto first = std::find_if(axes.begin(), axes.end(), [&](const Axis& axis) { return factor.levels == axis.factor.levels; });
    joined.push_back({factor, first->values});
  }
  return joined;
}

std::vector<double> numbers_of(const ResultsTable& table, const std::string& column) {
  std::vector<double> numbers;
  for (const auto& row : table.rows) numbers.push_back(std::max(number_of(row[table.at(column)]), 1e-300));
  return numbers;
}

}  // namespace

ResultsTable effects_table(const std::string& path, const std::string& where) {
  const SweepFacts facts = sweep_facts(path);
  const ResultsTable results = query_results(path, simulated_rows(where));
  if (results.rows.empty()) throw InputError{"DB-ROWS", "no row to tell effects from"};
  const std::vector<Axis> axes = axes_of(results, facts.axes);
  std::vector<Factor> factors;
  for (const Axis& axis : axes) factors.push_back(axis.factor);
  const Factor networks = axis_of(results, "network").factor;

  ResultsTable table{{"axis", "value", "rows"}, {}};
  std::vector<MainEffects> effects;
  for (const SweepObjective& objective : facts.objectives) {
    effects.push_back(main_effects(numbers_of(results, objective.metric), networks, factors));
    table.columns.push_back(objective.metric + ".factor");
    table.columns.push_back(objective.metric + ".share");
  }
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    for (std::size_t level = 0; level < axes[axis].values.size(); ++level) {
      const std::vector<std::size_t>& levels = factors[axis].levels;
      std::vector<SqlValue> row{factors[axis].name, axes[axis].values[level],
                                std::int64_t{std::count(levels.begin(), levels.end(), level)}};
      for (const MainEffects& of : effects) {
        row.emplace_back(std::exp(of.effects[axis][level]));
        row.emplace_back(of.shares[axis]);
      }
      table.rows.push_back(std::move(row));
    }
  }
  std::vector<SqlValue> rest{std::string{"(interactions)"}, std::monostate{}, static_cast<std::int64_t>(results.rows.size())};
  for (const MainEffects& of : effects) {
    rest.emplace_back(std::monostate{});
    rest.emplace_back(of.rest);
  }
  table.rows.push_back(std::move(rest));
  return table;
}

}  // namespace nibble
