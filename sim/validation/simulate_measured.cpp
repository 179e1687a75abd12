#include "sim/validation/simulate_measured.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/base/error.hpp"
#include "sim/chip/machine.hpp"
#include "sim/validation/measured_work.hpp"

namespace nibble {
namespace {

/// Rows that differ in nothing but where they come from and how long they took are simulated once.
std::string key_of(const MeasuredKernel& kernel) {
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", kernel.op, kernel.dtype, kernel.batch, kernel.m, kernel.n, kernel.k, kernel.cores,
                     kernel.split_text, kernel.where_inputs, kernel.note);
}

SimulatedKernel simulate_one(const MeasuredKernel& kernel, const Accelerator& accelerator, Machine& machine) {
  SimulatedKernel result;
  try {
    const MeasuredWork work = measured_work(kernel, accelerator);
    Cycles cycles{};
    for (std::size_t i = 0; i < work.step.operations.size(); ++i) {
      const KernelProgram program = map_operation(work.step, i, accelerator, work.residency[i], work.options);
      cycles += machine.run(program).cycles;
      result.mapping = program.mapping;
    }
    result.simulated_us = static_cast<double>(cycles.value() * work.repeats) / accelerator.clock.value() * 1e6;
  } catch (const InputError& error) {
    result.not_simulated = error.problems().front().what;
    if (!error.problems().front().hint.empty()) result.not_simulated += "; " + error.problems().front().hint;
  }
  return result;
}

}  // namespace

ErrorSummary summarise(const std::vector<const SimulatedKernel*>& kernels) {
  ErrorSummary summary{.rows = kernels.size()};
  if (kernels.empty()) return summary;
  std::vector<double> errors;
  for (const SimulatedKernel* kernel : kernels) {
    const double error = kernel->ratio() - 1;
    summary.rms += error * error;
    summary.bias += error;
    errors.push_back(std::abs(error));
  }
  const auto count = static_cast<double>(kernels.size());
  summary.rms = std::sqrt(summary.rms / count);
  summary.bias /= count;
  std::sort(errors.begin(), errors.end());
  const std::size_t middle = errors.size() / 2;
  summary.median = errors.size() % 2 == 1 ? errors[middle] : (errors[middle - 1] + errors[middle]) / 2;
  summary.worst = errors.back();
  return summary;
}

std::vector<SimulatedKernel> simulate_measured(const std::vector<MeasuredKernel>& kernels,
                                               const Accelerator& accelerator,
                                               const std::function<void(std::size_t)>& progress) {
  Machine machine{accelerator};
  std::map<std::string, SimulatedKernel> known;
  std::vector<SimulatedKernel> simulated;
  for (const MeasuredKernel& kernel : kernels) {
    const auto [entry, fresh] = known.try_emplace(key_of(kernel));
    if (fresh) entry->second = simulate_one(kernel, accelerator, machine);
    simulated.push_back(entry->second);
    simulated.back().measured = kernel;
    if (progress) progress(simulated.size());
  }
  return simulated;
}

}  // namespace nibble
