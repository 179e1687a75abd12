#pragma once

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "sim/sweep/evaluate.hpp"
#include "sim/sweep/sqlite.hpp"

namespace nibble {

/// A sweep's results in an SQLite database (schema: sim/sweep/README.md): one row for each point, network and recipe,
/// each row on its own transaction, so that what is finished stays whatever happens next.
class ResultStore {
 public:
  using Key = std::tuple<std::uint64_t, std::string, std::string>;

  /// Makes the database, or, if `resume`, goes on with one that is there. InputError [SWP-OUT] if it is there and not
  /// `resume`, or is of another sweep; [OUT-WRITE] if it cannot be written.
  ResultStore(const std::string& path, const Sweep& sweep, bool resume);

  /// Adds a row; one that is there already stays as it was.
  void add(const ResultRow& row);
  [[nodiscard]] std::set<Key> keys();
  /// Takes away rows that crashed or took too long, to be tried again.
  void forget_failed();
  /// The objectives of a point's rows, in the sweep's order; empty unless all of them are done and feasible.
  [[nodiscard]] std::vector<std::vector<double>> objectives(std::uint64_t point);

 private:
  void create();
  void check_sweep();

  std::string path_;
  const Sweep sweep_;
  Database database_;
};

/// Columns of the table of results, in order.
[[nodiscard]] const std::vector<std::string>& result_columns();

/// Merges databases of one sweep into a new one: InputError [SWP-MERGE] if they are not of one sweep, or hold different
/// rows for one key.
void merge_results(const std::vector<std::string>& parts, const std::string& merged);

}  // namespace nibble
