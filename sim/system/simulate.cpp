#include "sim/system/simulate.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>

#include "models/base/check.hpp"
#include "sim/chip/machine.hpp"
#include "sim/mapper/mapper.hpp"
#include "sim/mapper/operation_key.hpp"
#include "sim/mapper/program_check.hpp"
#include "sim/system/capacity.hpp"
#include "sim/system/power_governor.hpp"
#include "sim/system/program_key.hpp"
#include "sim/system/system_step.hpp"
#include "workloads/importers/import_network.hpp"

namespace nibble {
namespace {

using HostClock = std::chrono::steady_clock;

/// Adds one operation to the run's totals.
void add(RunResult& run, OperationResult operation) {
  run.cycles += operation.kernel.cycles;
  run.macs += operation.macs;
  run.array_cycles += operation.kernel.array_cycles;
  run.activity += operation.kernel.activity;
  run.operations.push_back(std::move(operation));
}

/// Cycles that the run's MACs would take if every lane worked in every cycle, each GEMM at its own mode's rate.
double ideal_cycles(const RunResult& run) {
  double cycles = 0;
  for (const OperationResult& operation : run.operations) {
    if (operation.macs.value() == 0) continue;
    const MacMode& mode = require_mac_mode(run.accelerator, operation.a_format, operation.b_format);
    cycles += ratio(operation.macs, peak_macs_per_cycle(run.accelerator, mode));
  }
  return cycles;
}

void finish(RunResult& run, HostClock::time_point began) {
  run.time = duration(run.cycles, run.accelerator.clock);
  const double ideal = ideal_cycles(run);
  run.peak_macs =
      ideal > 0 ? static_cast<double>(run.macs.value()) * static_cast<double>(run.cycles.value()) / ideal : 0;
  run.energy = energy_of(run.activity, run.accelerator, run.technology, run.time);
  run.carbon = carbon_of(run.energy.total, run.time, run.accelerator, run.technology, run.grid);
  run.simulation_s = std::chrono::duration<double>(HostClock::now() - began).count();
}

Pace pace(const RunRequest& request) { return request.fast_forward ? Pace::fast_forward : Pace::every_step; }

OperationResult describe(const Operation& operation) {
  OperationResult result;
  result.layer = operation.layer;
  result.pass = operation.pass;
  if (operation.gemm) {
    const GemmWork& gemm = *operation.gemm;
    result.m = gemm.m;
    result.n = gemm.n;
    result.k = gemm.k;
    result.count = gemm.count;
    result.a_format = gemm.a_format;
    result.b_format = gemm.b_format;
    result.macs = gemm.macs();
  }
  for (const VectorWork& work : operation.vector) {
    if (!result.vector_work.empty()) result.vector_work += " + ";
    result.vector_work += work.what;
  }
  return result;
}

/// Maps and simulates the operations of a step, equal ones once.
class StepRunner {
 public:
  StepRunner(const Step& step, RunResult& run, KernelCache* kernels, const Onlookers& onlookers)
      : step_{step},
        run_{run},
        onlookers_{onlookers},
        memoise_{run.request.memoise && onlookers.timeline == nullptr},
        kernels_{memoise_ && !run.accelerator.timing_hash.empty() ? kernels : nullptr},
        power_{power_key(run.accelerator, run.technology)} {
    const Accelerator& a = run.accelerator;
    if (a.chips > 1) system_ = std::make_unique<ChipSystem>(*a.links, a.clock, a.chips);
  }

  void operate() {
    const ResidencyPlan plan = plan_step();
    for (std::size_t i = 0; i < step_.operations.size(); ++i) {
      OperationResult result = describe(step_.operations[i]);
      MapperOptions options;
      if (!plan.tilings.empty()) options.tiling = plan.tilings[i];
      const KnownKernel& simulated = simulate(i, plan.operations[i], options, result.memoised);
      result.kernel = simulated.kernel;
      result.mac_mode = simulated.mac_mode;
      result.mapping = simulated.mapping;
      check_compulsory(i, plan.operations[i], simulated.kernel);
      const std::string layer = result.layer;
      add(run_, std::move(result));
      if (onlookers_.progress) onlookers_.progress(i + 1, step_.operations.size(), layer);
    }
    if (system_) extend_to_system(run_, *system_, plan_exchange(step_, run_.recipe.gradient_exchange));
  }

 private:
  [[nodiscard]] ResidencyPlan plan_step() const {
    const Accelerator& machine = run_.accelerator;
    if (kernels_ == nullptr) return plan_residency(step_, machine, run_.request.residency);
    return kernels_->plans().plan(machine.timing_hash, step_, machine, run_.request.residency);
  }

  const KnownKernel& simulate(std::size_t i, const OperationResidency& residency, const MapperOptions& options, bool& memoised) {
    const ProgramSink& programs = onlookers_.programs;
    const std::string key = operation_key(step_, i, residency);
    const auto [found, fresh] = simulated_.try_emplace(key);
    memoised = !fresh && memoise_;
    if (memoised && !programs) return found->second;
    if (fresh && !programs && recall(key, found->second)) return found->second;
    const KernelProgram program = map_operation(step_, i, run_.accelerator, residency, options);
    if (programs) programs(program);
    if (memoised) return found->second;
    execute(program, found->second);
    if (kernels_ != nullptr) kernels_->keep(run_.accelerator.timing_hash + power_, key, found->second);
    return found->second;
  }

  /// Simulates a program, unless it was on a machine that differs in nothing that matters to it: points that differ in L1
  /// often map alike, and vector work does not see the arrays.
  void execute(const KernelProgram& program, KnownKernel& simulated) {
    const auto& [matrix, vector] = run_.accelerator.execution_hashes;
    const std::string timing = (program.mac_mode.empty() ? vector : matrix) + power_;
    const std::string key = kernels_ == nullptr ? "" : program_key(program);
    if (const KnownKernel* known = kernels_ == nullptr ? nullptr : kernels_->find(timing, key)) {
      simulated = {known->kernel, program.mac_mode, program.mapping};
      return;
    }
    simulated = {PowerGovernor{machine(), run_.accelerator, run_.technology}.run(program, onlookers_.timeline), program.mac_mode,
                 program.mapping};
    ++run_.kernels_simulated;
    if (kernels_ != nullptr) kernels_->keep(timing, key, simulated);
  }

  /// True if another run on a machine of equal timing has simulated this kernel.
  bool recall(const std::string& key, KnownKernel& simulated) const {
    const KnownKernel* known = kernels_ == nullptr ? nullptr : kernels_->find(run_.accelerator.timing_hash + power_, key);
    if (known != nullptr) simulated = *known;
    return known != nullptr;
  }

  /// Built when the first kernel needs it: a run that recalls all of them needs none.
  Machine& machine() {
    if (!machine_) {
      machine_.emplace(run_.accelerator, pace(run_.request));
      if (onlookers_.timeline != nullptr) machine_->observe(onlookers_.timeline);
    }
    return *machine_;
  }

  /// Each byte that an operation reads or writes, and that does not stay in L1, crosses the memory interface.
  void check_compulsory(std::size_t i, const OperationResidency& residency, const KernelResult& kernel) const {
    const Operation& operation = step_.operations[i];
    Bytes reads, writes;
    for (std::size_t use = 0; use < operation.reads.size(); ++use) {
      if (!residency.read_resident(use)) reads += operation.reads[use].bytes;
    }
    for (std::size_t use = 0; use < operation.writes.size(); ++use) {
      if (residency.stored(use)) writes += operation.writes[use].bytes;
    }
    if (kernel.activity.memory_read < reads || kernel.activity.memory_written < writes) {
      throw LawError{fmt::format("{} ({}): {} B read and {} B written, at least {} and {} B must be", operation.layer,
                                 to_string(operation.pass), kernel.activity.memory_read.value(),
                                 kernel.activity.memory_written.value(), reads.value(), writes.value())};
    }
  }

  const Step& step_;
  RunResult& run_;
  const Onlookers& onlookers_;
  bool memoise_;
  KernelCache* kernels_;
  const std::string power_;  ///< of the keys under which kernels are kept
  std::optional<Machine> machine_;
  std::unique_ptr<ChipSystem> system_;
  std::map<std::string, KnownKernel> simulated_;
};

RunResult begin_run(const RunRequest& request, const Accelerator& accelerator, const Technology& technology,
                    const Grid& grid) {
  RunResult run;
  run.request = request;
  run.accelerator = accelerator;
  if (request.chips) run.accelerator.chips = *request.chips;
  run.technology = technology;
  run.grid = grid;
  return run;
}

}  // namespace

Step lower(bool training, const Network& network, const Recipe& recipe, std::uint64_t batch, bool recompute) {
  return training ? lower_training_step(network, recipe, batch, {.recompute = recompute})
                  : lower_inference(network, recipe, batch);
}

SimulationInputs load_inputs(const RunRequest& request) {
  SimulationInputs inputs;
  inputs.accelerator = load_accelerator(request.accelerator, request.machine);
  inputs.technology = load_technology(inputs.accelerator.technology);
  inputs.grid = load_grid(request.grid);
  inputs.recipe = load_recipe(request.recipe);
  inputs.network = import_network(request.network);
  return inputs;
}

RunResult simulate(const RunRequest& request, const Onlookers& onlookers) {
  return simulate(request, load_inputs(request), onlookers);
}

RunResult simulate(const RunRequest& request, const SimulationInputs& inputs, const Onlookers& onlookers) {
  const auto began = HostClock::now();
  RunResult run = begin_run(request, inputs.accelerator, inputs.technology, inputs.grid);
  run.recipe = inputs.recipe;
  run.network_name = inputs.network.name;
  run.network_hash = inputs.network.hash;
  check_system(run.accelerator, request.batch);
  const std::uint64_t batch = request.batch / run.accelerator.chips;  // of each chip
  const auto lowered = [&](std::uint64_t samples, bool recompute) {
    return lower(request.training, inputs.network, run.recipe, samples, recompute);
  };
  const bool known = inputs.step && inputs.step->batch == batch && inputs.step->recomputed == request.recompute;
  const auto shared = known ? inputs.step : std::make_shared<const Step>(lowered(batch, request.recompute));
  const Step& step = *shared;
  run.footprint = check_capacity(step, run.accelerator, lowered);
  run.free_layers = step.free_layers;
  StepRunner{step, run, inputs.kernels, onlookers}.operate();
  const Macs expected = step.macs() * run.accelerator.chips;
  if (run.macs != expected) {
    throw LawError{fmt::format("{} MACs were executed, the step has {}", run.macs.value(), expected.value())};
  }
  finish(run, began);
  return run;
}

RunResult replay(const RunRequest& request, const std::vector<KernelProgram>& programs,
                 const Onlookers& onlookers) {
  const auto began = HostClock::now();
  const Accelerator accelerator = load_accelerator(request.accelerator, request.machine);
  RunResult run = begin_run(request, accelerator, load_technology(accelerator.technology), load_grid(request.grid));
  run.accelerator.chips = 1;  // a program is one chip's
  for (const KernelProgram& program : programs) check_program(program, run.accelerator);
  Machine machine{run.accelerator, pace(request)};
  if (onlookers.timeline != nullptr) machine.observe(onlookers.timeline);
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const KernelProgram& program = programs[i];
    OperationResult result;
    result.layer = program.layer;
    result.pass = program.pass;
    result.mac_mode = program.mac_mode;
    result.a_format = program.a_format;
    result.b_format = program.b_format;
    result.mapping = program.mapping;
    result.macs = totals(program).macs;
    result.kernel = PowerGovernor{machine, run.accelerator, run.technology}.run(program, onlookers.timeline);
    ++run.kernels_simulated;
    add(run, std::move(result));
    if (onlookers.progress) onlookers.progress(i + 1, programs.size(), program.layer);
  }
  finish(run, began);
  return run;
}

}  // namespace nibble
