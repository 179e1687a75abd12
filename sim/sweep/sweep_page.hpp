#pragma once

#include <cstddef>
#include <string>

namespace nibble {

/// A sweep's results as one self-contained HTML page, whose script is in page/: a scatter plot of any two metrics with the
/// Pareto front, parallel coordinates and a table of the same rows, linked (hover, selection, filters), main effects, and
/// the full reports of the best point of each network for each objective. `where`: as in ResultsQuery; it holds for all
/// of the page. More than kMostPageRows rows are thinned: the fronts of the objectives stay, and the page says so.
/// InputError [DB-...]; [DB-ROWS] if no row is left.
[[nodiscard]] std::string sweep_page(const std::string& path, const std::string& where);

inline constexpr std::size_t kMostPageRows = 5'000;

}  // namespace nibble
