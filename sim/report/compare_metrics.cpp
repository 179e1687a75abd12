#include "sim/report/metrics_table.hpp"

namespace nibble {

std::vector<Metric> compare_metrics() {
  const char* compare = "sim/report/compare_document.cpp";
  return {
      {"runs", "list", "the runs of a comparison, in the order given, each as `nibble run` reports it", "",
       compare},
      {"baselines", "text", "runs that the ratios are taken to", "", compare},
      {"ratios.run", "text", "the run, as recipe@accelerator", "", compare},
      {"ratios.to.*.speed", "1",
       "how many times as fast as the baseline: samples_per_s / samples_per_s of the "
       "baseline",
       "samples_per_s of the baseline", compare},
      {"ratios.to.*.energy", "1",
       "how many times less energy than the baseline: energy_j.total of the baseline / "
       "energy_j.total",
       "energy_j.total of this run", compare},
      {"ratios.to.*.carbon", "1",
       "how many times less carbon than the baseline: carbon_g.total of the baseline / "
       "carbon_g.total",
       "carbon_g.total of this run", compare},
  };
}

}  // namespace nibble
