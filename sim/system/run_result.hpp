#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/carbon/carbon.hpp"
#include "models/config/accelerator.hpp"
#include "models/config/grid.hpp"
#include "models/config/recipe.hpp"
#include "models/config/technology.hpp"
#include "models/energy/activity.hpp"
#include "models/energy/energy.hpp"
#include "sim/chip/kernel_result.hpp"
#include "sim/mapper/program.hpp"
#include "sim/system/chip_system.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// A row of --layers: one operation of the step, on one chip.
struct OperationResult {
  std::string layer;
  Pass pass = Pass::fwd;
  std::uint64_t m = 0, n = 0, k = 0, count = 0;  ///< 0 for vector work alone
  std::string mac_mode, a_format, b_format;
  std::string mapping;
  std::string vector_work;             ///< what the SFUs do in it
  Macs macs;
  KernelResult kernel;
  bool memoised = false;               ///< equal to an earlier kernel, whose result it took
};

struct RunRequest {
  std::string network = "resnet50", accelerator = "rapid", recipe = "hfp8", grid = "world";
  Overrides machine = {};              ///< keys of the accelerator with other values
  std::uint64_t batch = 64;
  std::optional<std::uint32_t> chips = {};  ///< instead of the accelerator's own; they share the batch
  bool training = true;
  bool residency = true;               ///< keep tensors in L1 between operations where they fit
  bool memoise = true;                 ///< simulate equal kernels once
  bool fast_forward = true;            ///< skip what is known (Pace::fast_forward)
  bool recompute = false;              ///< training: compute activations again instead of keeping them all
};

struct RunResult {
  RunRequest request;
  Accelerator accelerator;
  Technology technology;
  Recipe recipe;
  Grid grid;
  std::string network_name, network_hash;
  Cycles cycles;                       ///< counts and energies are of all chips together
  Seconds time;
  std::optional<Bytes> footprint;      ///< of one chip's memory (sim/system/capacity.hpp); none of a replay
  Macs macs;
  double peak_macs = 0;                ///< what the arrays could have done at each GEMM's own rate, over all cycles
  ArrayCycles array_cycles;
  Activity activity;
  EnergyReport energy;
  CarbonReport carbon;
  std::vector<OperationResult> operations;
  std::vector<std::string> free_layers;
  std::optional<SystemTimes> system;   ///< of several chips that train together
  std::uint64_t kernels_simulated = 0;
  double simulation_s = 0;             ///< host seconds, not part of any compared output
};

}  // namespace nibble
