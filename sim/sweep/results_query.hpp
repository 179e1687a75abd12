#pragma once

#include <string>
#include <vector>

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
};

/// A sweep's rows, ordered by point, network and recipe: equal results give equal tables, in whatever order they came.
/// InputError [DB-...] for a file that is no database of results, [DB-NAME] for a name that it does not hold.
[[nodiscard]] ResultsTable query_results(const std::string& path, const ResultsQuery& query);

}  // namespace nibble
