#pragma once

#include <cstdint>
#include <vector>

#include "models/config/accelerator.hpp"
#include "sim/mapper/mapper.hpp"
#include "sim/mapper/residency.hpp"
#include "sim/validation/measured_kernels.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// What a measured kernel did, as operations that the mapper takes one after another.
struct MeasuredWork {
  Step step;
  std::vector<OperationResidency> residency;  ///< like Step::operations
  MapperOptions options;
  std::uint64_t repeats = 1;  ///< how often all of it runs, one time after another: batches that the card works through in turn
};

/// Builds the operations of a row: which tensors it read and wrote, what it computed, how it was shared.
///
/// InputError [MEASURED-OP] for an operation that is not known, [MEASURED-VALUE] for sizes that it lacks.
[[nodiscard]] MeasuredWork measured_work(const MeasuredKernel& kernel, const Accelerator& accelerator);

/// The split that the card's compiler makes by itself (rules and evidence: sim/validation/README.md).
[[nodiscard]] CoreSplit planner_split(const MeasuredKernel& kernel, std::uint64_t cores);

}  // namespace nibble
