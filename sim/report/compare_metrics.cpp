#include "sim/report/metrics_table.hpp"

namespace nibble {

std::vector<Metric> compare_metrics() {
  const char* compare = "sim/report/compare_document.cpp";
  const char* scaling = "sim/report/scaling_document.cpp";
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
      {"points.scaling", "text", "weak: each chip has --batch samples; strong: all chips share them", "", scaling},
      {"points.chips", "1", "chips of the system", "", scaling},
      {"points.batch", "samples", "of all chips together", "", scaling},
      {"points.time_s", "s", "of the step", "", scaling},
      {"points.samples_per_s", "samples/s", "batch / time_s", "one second of simulated time", scaling},
      {"points.tops", "10^12 operations/s", "sustained, of all chips", "one second of simulated time", scaling},
      {"points.speedup", "1", "samples_per_s to that of the series' first point", "samples_per_s of the first point",
       scaling},
      {"points.efficiency", "1", "speedup / (chips / chips of the first point)", "as many times the first point's rate",
       scaling},
      {"points.exposed_exchange_time_s", "s", "exchange.exposed_time_s of the run", "", scaling},
      {"points.link_busy", "1 (0..1)", "exchange.link_busy of the run", "all cycles of the step", scaling},
      {"points.energy_j_per_sample", "J", "energy of the step / batch", "one sample", scaling},
      {"points.power_w", "W", "average power of all chips", "one second of simulated time", scaling},
  };
}

}  // namespace nibble
