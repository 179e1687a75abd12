#pragma once

#include <string>
#include <vector>

#include "models/config/sweep.hpp"
#include "sim/sweep/sqlite.hpp"

namespace nibble {

struct ResultsQuery {
  std::string where;
  std::vector<std::string> pareto;   ///< metrics; "time" is time_s
  std::vector<std::string> columns;  ///< further metrics
  bool all = false;                  ///< rows that are not done or not feasible, too
};

struct ResultsTable {
  std::vector<std::string> columns;
  std::vector<std::vector<SqlValue>> rows;

  /// The place of a column that is there.
  [[nodiscard]] std::size_t at(const std::string& column) const;
};

/// What a database says of its sweep.
struct SweepFacts {
  std::string name, description, version;
  std::vector<std::string> axes;
  std::vector<SweepObjective> objectives;
};

/// InputError [DB-...] as for query_results.
[[nodiscard]] SweepFacts sweep_facts(const std::string& path);

/// The number in it; 0 if there is none.
[[nodiscard]] double number_of(const SqlValue& value);

/// Rows that were simulated, feasible or not, for which `where` holds ("": all).
[[nodiscard]] ResultsQuery simulated_rows(const std::string& where);

/// Whether more of a metric is better: as the sweep's objectives say, else as everyone does.
[[nodiscard]] bool more_is_better(const std::string& metric, const std::vector<SweepObjective>& objectives);

/// A sweep's rows, ordered by point, network and recipe: equal results give equal tables, in whatever order they came.
/// InputError [DB-...] for a file that is no database of results, [DB-NAME] for a name that it does not hold.
[[nodiscard]] ResultsTable query_results(const std::string& path, const ResultsQuery& query);

}  // namespace nibble
