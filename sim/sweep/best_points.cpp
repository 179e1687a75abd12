#include "sim/sweep/best_points.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nibble {
namespace {

/// {"energy_j.total": 1} as {"energy_j": {"total": 1}}.
Json unflattened(const Json& metrics) {
  Json tree = Json::object();
  for (const auto& [path, value] : metrics.items()) {
    Json* at = &tree;
    std::size_t begin = 0;
    for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
      at = &(*at)[path.substr(begin, dot - begin)];
      begin = dot + 1;
    }
    (*at)[path.substr(begin)] = value;
  }
  return tree;
}

Json run_of(Database& database, const ResultsTable& table, const std::vector<SqlValue>& row) {
  const SqlValue &point = row[table.at("point")], &network = row[table.at("network")], &recipe = row[table.at("recipe")];
  Json run;
  database.query("SELECT metrics FROM results WHERE point = ?1 AND network = ?2 AND recipe = ?3", {point, network, recipe},
                 [&](const auto& found) { run = unflattened(Json::parse(text_of(found.front()))); });
  run["accelerator"] = fmt::format("point {}", number_of(point));
  run["recipe"] = text_of(recipe);
  return run;
}

/// The place of the best row of a network; the first of equals.
std::size_t best_of(const ResultsTable& table, const std::string& network, const SweepObjective& objective) {
  const std::size_t name = table.at("network"), value = table.at(objective.metric);
  std::size_t best = table.rows.size();
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (text_of(table.rows[i][name]) != network) continue;
    if (best == table.rows.size()) best = i;
    if (objective.better(number_of(table.rows[i][value]), number_of(table.rows[best][value]))) best = i;
  }
  return best;
}

}  // namespace

std::vector<BestOfNetwork> best_points(const std::string& path, const std::string& where) {
  const SweepFacts facts = sweep_facts(path);
  ResultsQuery query;
  query.where = where;
  const ResultsTable table = query_results(path, query);
  Database database{path, Database::Access::read};
  std::vector<BestOfNetwork> found;
  for (const auto& row : table.rows) {
    const std::string network = text_of(row[table.at("network")]);
    if (std::none_of(found.begin(), found.end(), [&](const auto& other) { return other.network == network; })) {
      found.push_back({network, {}});
    }
  }
  for (BestOfNetwork& of : found) {
    std::vector<std::size_t> rows;
    for (const SweepObjective& objective : facts.objectives) {
      const std::size_t best = best_of(table, of.network, objective);
      const auto same = std::find(rows.begin(), rows.end(), best);
      if (same != rows.end()) {
        of.points[static_cast<std::size_t>(same - rows.begin())].objective += ", " + objective.metric;
        continue;
      }
      rows.push_back(best);
      of.points.push_back({objective.metric, run_of(database, table, table.rows[best])});
    }
  }
  return found;
}

}  // namespace nibble
