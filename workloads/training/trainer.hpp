#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/config/recipe.hpp"
#include "workloads/trace/network.hpp"
#include "workloads/training/dataset.hpp"
#include "workloads/training/layer_arithmetic.hpp"
#include "workloads/training/layer_measure.hpp"

namespace nibble::training {

/// Everything that decides the bits of a training run, apart from network, recipe and data.
struct TrainingOptions {
  std::uint64_t epochs = 3;
  std::uint64_t steps = 0;     ///< in all, whatever `epochs` says, the last epoch cut short; 0: whole epochs
  std::uint64_t batch = 64;
  std::uint64_t seed = 0;
  std::uint64_t samples = 0;   ///< of the training set, its first; 0: all
  std::uint64_t tests = 0;     ///< of the test set, its first; 0: all
  double rate = 0.05;          ///< falls to 0 along half a cosine
  double momentum = 0.9;
  double decay = 5e-4;
  double loss_scale = 1024;    ///< a power of two: exact, and what narrow gradients need
  Emulation emulation = Emulation::exact;
  ArithmeticVariant variant;
};

struct EpochResult {
  std::uint64_t epoch = 0;     ///< from 1
  double loss = 0, train_accuracy = 0, test_accuracy = 0;
  double seconds = 0;          ///< wall clock; the one figure that differs from run to run
};

/// Where a run stands, for people who wait.
struct StepProgress {
  std::uint64_t epoch = 0, epochs = 0, step = 0, steps = 0;
  double loss = 0, accuracy = 0;  ///< of the epoch so far
};
using OnStep = std::function<void(const StepProgress&)>;
using OnEpoch = std::function<void(const EpochResult&)>;

/// One training run. With a folder it keeps checkpoint.pt and log.jsonl there after every epoch, each replaced whole:
/// whenever it is stopped, the next run() in that folder goes on from the last full epoch and ends in the same bits.
class Trainer {
 public:
  /// InputError where network and data don't fit, and [TRAIN-RESUME] where the folder holds another run.
  Trainer(const Network& network, const Recipe& recipe, const Dataset& data, const TrainingOptions& options,
          std::filesystem::path folder = {});
  ~Trainer();

  /// All epochs, those of earlier calls included. `until`: stop after this epoch (0: the last), as if interrupted.
  std::vector<EpochResult> run(const OnStep& on_step = {}, const OnEpoch& on_epoch = {}, std::uint64_t until = 0);

  /// Hash of every weight, statistic and velocity: equal iff all bits are.
  [[nodiscard]] std::string state_hash() const;

  [[nodiscard]] std::uint64_t steps_per_epoch() const;

  /// Zeros and exponents of every layer over one batch: the first, after what has been trained.
  [[nodiscard]] std::vector<LayerMeasure> measure();
  /// The network with these zeros, in four decimals, as the trace has them.
  [[nodiscard]] Network measured_network(const std::vector<LayerMeasure>& measures) const;
  /// The network as a layer trace with these zeros, for `nibble run --network`.
  [[nodiscard]] std::string measured_trace(const std::vector<LayerMeasure>& measures) const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace nibble::training
