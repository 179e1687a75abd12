#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/core/timeline.hpp"
#include "sim/mapper/program.hpp"
#include "sim/system/kernel_cache.hpp"
#include "sim/system/run_result.hpp"
#include "workloads/trace/network.hpp"

namespace nibble {

/// Told after each operation: how many are done, of how many, and which layer was the last.
using ProgressSink = std::function<void(std::size_t done, std::size_t total, const std::string& layer)>;
/// Given every operation's program in execution order, repeated ones too.
using ProgramSink = std::function<void(const KernelProgram&)>;
/// Who looks on while a step is simulated; any of them may be absent.
struct Onlookers {
  ProgressSink progress = {};
  ProgramSink programs = {};
  Timeline* timeline = nullptr;  ///< sees every kernel of one chip: none is taken from its equal
};

/// All that a run is made of, read or built by the caller.
struct SimulationInputs {
  Network network;
  Accelerator accelerator;
  Technology technology;
  Recipe recipe;
  Grid grid;
  std::shared_ptr<const Step> step = nullptr;  ///< the network lowered by this recipe, if that is done; used if it is of a chip's batch and recomputes as asked
  KernelCache* kernels = nullptr;              ///< kernels simulated before; gains what this run simulates
};

/// Reads the files that a request names. InputError for what is wrong with any of them.
[[nodiscard]] SimulationInputs load_inputs(const RunRequest& request);

/// A training step or an inference of so many samples on one chip.
[[nodiscard]] Step lower(bool training, const Network& network, const Recipe& recipe, std::uint64_t batch,
                         bool recompute = false);

/// Simulates one step of inputs that are in memory; of `request` only batch and the switches count.
[[nodiscard]] RunResult simulate(const RunRequest& request, const SimulationInputs& inputs,
                                 const Onlookers& onlookers = {});

/// Reads the files that the request names, lowers, maps and simulates one step.
///
/// Builds the machine's SystemC modules: call once in a process (fork for more). InputError for wrong input,
/// LawError when a law of the design does not hold.
[[nodiscard]] RunResult simulate(const RunRequest& request, const Onlookers& onlookers = {});

/// Drives the machine with programs made elsewhere (schema: sim/mapper/README.md). Of `request` only the
/// accelerator, the grid, memoise and fast_forward count. Once in a process, like simulate().
[[nodiscard]] RunResult replay(const RunRequest& request, const std::vector<KernelProgram>& programs,
                               const Onlookers& onlookers = {});

}  // namespace nibble
