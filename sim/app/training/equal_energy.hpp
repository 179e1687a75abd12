#pragma once

#include <cstdint>
#include <vector>

#include "workloads/training/experiment.hpp"

namespace nibble {

/// What a run may do in an experiment at equal energy.
struct EnergyShare {
  double step_j = 0;        ///< of one simulated step on the run's machine, zeros as the network's file has them
  std::uint64_t steps = 0;  ///< as many as the joules pay, to the nearest
};

/// The joules that `experiment.equal_energy` takes for its `length.steps`, in steps of each run: one share a run, in their
/// order. Throws what the simulator throws, such as for a machine that cannot multiply a recipe's formats.
[[nodiscard]] std::vector<EnergyShare> energy_shares(const training::Experiment& experiment, const training::TrainingOptions& length);

}  // namespace nibble
