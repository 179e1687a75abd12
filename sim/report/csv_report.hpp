#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/report/document.hpp"

namespace nibble {

/// Which rows a CSV file has: it is one table, a document holds several.
enum class CsvRows { runs, layers, energy_table };

/// A run's or a comparison's document as CSV (RFC 4180: CRLF ends a row, quotes only where needed).
///
/// A column is called as its path in the document: "energy_j.total", "ratios.to.fp16@rapid.speed". Rows are
/// runs; or the operations ("layers.*") or energy events ("energy_table.*") of each run behind the run's
/// "accelerator", "recipe", "network", "mode" and "batch". Lists of words are joined by "; ". The document
/// must hold the list asked for.
[[nodiscard]] std::string csv_text(const Json& document, CsvRows rows = CsvRows::runs);

/// A list of flat objects as CSV, a row each; objects within them are left out.
[[nodiscard]] std::string csv_of(const Json& objects);

/// One value as a CSV field, quoted where it must be; null is empty.
[[nodiscard]] std::string csv_value(const Json& value);

/// Leaves of an object with their paths, in order; lists of objects are left out.
[[nodiscard]] std::vector<std::pair<std::string, Json>> flatten(const Json& object,
                                                                const std::string& prefix = {});

}  // namespace nibble
