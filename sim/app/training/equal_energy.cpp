#include "sim/app/training/equal_energy.hpp"

#include <algorithm>
#include <cmath>

#include "sim/app/training/energy_report.hpp"
#include "workloads/trace/network.hpp"

namespace nibble {

using training::Experiment;
using training::ExperimentRun;
using training::TrainingOptions;

std::vector<EnergyShare> energy_shares(const Experiment& experiment, const TrainingOptions& length) {
  std::vector<ChargedRun> charged;
  for (const ExperimentRun& run : experiment.runs) charged.push_back({run.recipe, run.accelerator});
  std::vector<EnergyShare> shares;
  for (const Json& step : step_documents(charged, load_network(experiment.network), length.batch, "world")) {
    shares.push_back({step.at("energy_j").at("total").get<double>(), 0});
  }
  const auto payer = std::find_if(experiment.runs.begin(), experiment.runs.end(),
                                  [&](const ExperimentRun& run) { return run.label == experiment.equal_energy; });
  const double budget = static_cast<double>(length.steps) * shares.at(static_cast<std::size_t>(payer - experiment.runs.begin())).step_j;
  for (EnergyShare& share : shares) share.steps = static_cast<std::uint64_t>(std::max(1LL, std::llround(budget / share.step_j)));
  return shares;
}

}  // namespace nibble
