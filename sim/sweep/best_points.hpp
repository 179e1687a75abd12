#pragma once

#include <string>
#include <vector>

#include "sim/report/document.hpp"
#include "sim/sweep/results_query.hpp"

namespace nibble {

/// A row that is the best of its network in an objective, as far as the database keeps its run's document: all of its
/// numbers, under the accelerator's name "point 12".
struct BestPoint {
  std::string objective;
  Json run;
};

/// For each network, the best feasible row of each objective; rows that are best in several stand once.
struct BestOfNetwork {
  std::string network;
  std::vector<BestPoint> points;
};

[[nodiscard]] std::vector<BestOfNetwork> best_points(const std::string& path, const std::string& where);

}  // namespace nibble
