#pragma once

#include "sim/report/metrics.hpp"

namespace nibble {

/// The definitions, by part of the document.
[[nodiscard]] std::vector<Metric> run_metrics();      ///< totals of a run
[[nodiscard]] std::vector<Metric> detail_metrics();   ///< layers, energy table, training run
[[nodiscard]] std::vector<Metric> compare_metrics();  ///< ratios

}  // namespace nibble
