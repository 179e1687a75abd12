#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workloads/training/trainer.hpp"

namespace nibble::training {

/// What a claim says of a run's accuracy against another run's.
enum class Claim : std::uint8_t {
  none,
  within,  ///< at most so many points below
  worse,   ///< more than so many points below
};

/// One row of an experiment: a recipe, trained once a seed.
struct ExperimentRun {
  std::string label, recipe;  ///< a recipe's name, or a path beside the experiment's file
  std::string accelerator;    ///< whose joules an experiment at equal energy counts; else empty
  Emulation emulation = Emulation::exact;
  ArithmeticVariant variant;
  double loss_scale = 0;  ///< 0: the experiment's
  std::string against;  ///< label of the run that it is compared with
  Claim claim = Claim::none;
  double points = 0;
  std::string paper;    ///< what the paper has, in its words or figures
};

/// A paper's claim and the runs that put it to the test. The first run is what the others are compared with.
struct Experiment {
  std::string name, claim, network, data;
  TrainingOptions training;        ///< of the full experiment
  std::uint64_t seeds = 3;
  TrainingOptions quick_training;  ///< of --quick
  std::uint64_t quick_seeds = 1;
  std::string equal_energy;        ///< label of the run whose joules each run may spend; empty: all take equally many steps
  std::vector<ExperimentRun> runs;
};

/// Strict YAML, schema nibble/experiment/1; a name stands for configs/experiments/NAME.yaml.
[[nodiscard]] Experiment load_experiment(const std::string& name_or_path);

/// Names of the shipped experiments, sorted.
[[nodiscard]] std::vector<std::string> shipped_experiments();

/// Mean and sample standard deviation; the latter is 0 for fewer than two values.
struct Spread {
  double mean = 0, deviation = 0;
  std::size_t count = 0;
};
[[nodiscard]] Spread spread_of(const std::vector<double>& values);

/// Twice the standard error of the difference of two means.
[[nodiscard]] double uncertainty(const Spread& ours, const Spread& reference);

/// "holds" or "fails", or "open" where difference and the claim's bound are closer than uncertainty(); "-" without a claim.
[[nodiscard]] std::string verdict(const ExperimentRun& run, const Spread& ours, const Spread& reference);

}  // namespace nibble::training
