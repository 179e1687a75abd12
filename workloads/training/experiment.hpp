#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workloads/training/trainer.hpp"

namespace nibble::training {

/// One row of an experiment: a recipe, trained once a seed.
struct ExperimentRun {
  std::string label, recipe;  ///< a recipe's name, or a path beside the experiment's file
  Emulation emulation = Emulation::exact;
  ArithmeticVariant variant;
};

/// A paper's claim and the runs that put it to the test. The first run is what the others are compared with.
struct Experiment {
  std::string name, claim, network, data;
  TrainingOptions training;        ///< of the full experiment
  std::uint64_t seeds = 3;
  TrainingOptions quick_training;  ///< of --quick
  std::uint64_t quick_seeds = 1;
  std::vector<ExperimentRun> runs;
};

/// Strict YAML, schema nibble/experiment/1; a name stands for configs/experiments/NAME.yaml.
[[nodiscard]] Experiment load_experiment(const std::string& name_or_path);

/// Names of the shipped experiments, sorted.
[[nodiscard]] std::vector<std::string> shipped_experiments();

/// Mean and sample standard deviation; the latter is 0 for fewer than two values.
struct Spread {
  double mean = 0, deviation = 0;
};
[[nodiscard]] Spread spread_of(const std::vector<double>& values);

}  // namespace nibble::training
