#pragma once

#include <cstddef>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
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
};

/// Plans residency for a whole step; `enabled` = false gives a plan in which everything goes through memory.
///
/// A tensor may stay when samples (or rows, see shares_rows()) are spread over the cores in the same way by all that touch it, and over
/// every operation in between there is room for it beside the tiles with which that operation reaches its lowest
/// traffic (so that holding it never costs a re-read). Weights stay where an operation has loaded them when the next GEMMs are the
/// same product again, as an LSTM's steps are. Saved bytes never fall as L1 grows (sim/mapper/README.md).
[[nodiscard]] ResidencyPlan plan_residency(const Step& step, const Accelerator& accelerator, bool enabled);

}  // namespace nibble
