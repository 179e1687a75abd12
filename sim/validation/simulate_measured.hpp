#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "models/config/accelerator.hpp"
#include "sim/validation/measured_kernels.hpp"

namespace nibble {

/// A measured row beside its simulation.
struct SimulatedKernel {
  MeasuredKernel measured;
  double simulated_us = 0;      ///< 0 if `not_simulated`
  std::string mapping;          ///< of its last operation
  std::string not_simulated;    ///< why, for a row that no model of ours covers; else ""
  [[nodiscard]] bool comparable() const { return not_simulated.empty() && measured.measured_us > 0; }
  [[nodiscard]] double ratio() const { return simulated_us / measured.measured_us; }
};

/// How far a set of rows is off.
struct ErrorSummary {
  std::size_t rows = 0;
  double rms = 0;     ///< root mean square of simulated / measured - 1
  double median = 0;  ///< of its absolute value
  double bias = 0;    ///< mean of simulated / measured - 1
  double worst = 0;   ///< largest absolute value
};
[[nodiscard]] ErrorSummary summarise(const std::vector<const SimulatedKernel*>& kernels);

/// Maps each row as it was split over the cores, simulates it on `accelerator` and returns the rows in their order. A row
/// that cannot be mapped says so instead of a time: one odd row does not cost the others their answer.
/// Builds the machine's SystemC modules: call once in a process.
[[nodiscard]] std::vector<SimulatedKernel> simulate_measured(const std::vector<MeasuredKernel>& kernels,
                                                             const Accelerator& accelerator,
                                                             const std::function<void(std::size_t)>& progress = {});

}  // namespace nibble
