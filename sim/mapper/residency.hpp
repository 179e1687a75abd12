#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "sim/mapper/gemm_tiling.hpp"
#include "sim/mapper/row_residency.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// What of one operation stays in the cores' L1 scratchpads.
struct OperationResidency {
  std::vector<bool> reads;     ///< like Operation::reads: the data lies in L1, nothing is loaded
  std::vector<bool> held;      ///< like Operation::writes: the result stays in L1 for its readers
  std::vector<bool> unstored;  ///< like Operation::writes: and no one reads it from memory later, so it is not stored
  Bytes occupied;              ///< of one core's L1, by everything that is held while the operation runs
  bool by_columns = false;     ///< all cores must share the GEMM's columns, as the held weights lie
  bool by_sample = false;      ///< all cores must share the work by samples, or by rows, as the held tensors lie
  std::vector<RowFetch> fetches;  ///< rows of A that cores read from one another's L1

  [[nodiscard]] bool read_resident(std::size_t use) const { return use < reads.size() && reads[use]; }
  [[nodiscard]] bool stored(std::size_t use) const { return use >= unstored.size() || !unstored[use]; }
};

/// Which tensors of a step stay in L1 between the operations that write and read them.
struct ResidencyPlan {
  std::vector<OperationResidency> operations;  ///< like Step::operations
  Bytes saved;                                 ///< bytes that no longer pass through external memory
  /// Like Step::operations: how the mapper maps a GEMM under this plan, where planning has found out; empty: nowhere.
  std::vector<std::optional<GemmTiling>> tilings = {};
};

/// Plans residency for a whole step; `enabled` = false gives a plan in which everything goes through memory.
///
/// A tensor stays until one of its readers if the operations from its writer on, mapped beside it and sharing their work
/// as it lies on the cores (held_tensors.hpp), move fewer bytes and are not slower by the mapper's estimate. Weights stay
/// where the first of several equal products has loaded them (held_weights.hpp). What a step moves never rises as L1 grows
/// (sim/mapper/README.md).
[[nodiscard]] ResidencyPlan plan_residency(const Step& step, const Accelerator& accelerator, bool enabled);

}  // namespace nibble
