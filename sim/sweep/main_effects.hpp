#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace nibble {

/// Something that differs between rows and has a level in each: an axis, the recipe.
struct Factor {
  std::string name;
  std::vector<std::size_t> levels;  ///< [row], from 0
};

/// What each level of each factor does to a metric.
struct MainEffects {
  std::vector<std::vector<double>> effects;  ///< [factor][level]: the metric is exp(effect) times what it is on average
  std::vector<double> shares;                ///< [factor]: of the variance of the logarithm; they add up to 1 - rest on grids
  double rest = 0;                           ///< what levels alone do not explain: interactions of factors
};

/// Least squares of log(value) = mean of its block + one effect a factor: on a full grid the means over all rows of a level,
/// elsewhere (random points, excluded ones) cleared of what other factors happen to be there. Blocks, networks say, have
/// means of their own, which count for nothing. `values` are positive. Effects of a factor are 0 on average over rows.
[[nodiscard]] MainEffects main_effects(const std::vector<double>& values, const Factor& blocks,
                                       const std::vector<Factor>& factors);

/// Factors that walk in step over all rows cannot be told apart: they become one, "voltage + clock".
[[nodiscard]] std::vector<Factor> join_linked(const std::vector<Factor>& factors);

}  // namespace nibble
