#pragma once

#include <string>

#include "sim/report/document.hpp"
#include "sim/sweep/design_space.hpp"
#include "sim/system/kernel_cache.hpp"

namespace nibble {

/// A row of the results' table as an object: its keys are the table's columns (result_store.hpp).
using ResultRow = Json;

/// Simulates one task. What is wrong with the point itself becomes its row's status and reason: "excluded" (a constraint
/// on the machine does not hold), "invalid" (values that do not fit one another, a mode that the machine lacks), or
/// "failed" (a law did not hold); else "done". Builds a SystemC machine unless all kernels are known: once in a process.
[[nodiscard]] ResultRow evaluate(const DesignSpace& space, const SweepTask& task, KernelCache& kernels);

/// The row of a task that never gave one: it crashed, or took too long.
[[nodiscard]] ResultRow failed_row(const DesignSpace& space, const SweepTask& task, const std::string& reason);

/// NULL is null.
[[nodiscard]] Json to_json(const SqlValue& value);

/// What was simulated and planned since the last call, as a list that other processes learn() from: lists may be joined.
[[nodiscard]] Json take_learned(KernelCache& kernels);
void learn(KernelCache& kernels, const Json& learned);

}  // namespace nibble
