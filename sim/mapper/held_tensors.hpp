#pragma once

#include <cstddef>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "sim/mapper/row_residency.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// A read that finds its tensor in the cores' L1 if it is held until then.
struct HeldRead {
  std::size_t operation = 0, use = 0;
  std::vector<RowFetch> fetches;  ///< what the cores need of one another's rows
};

/// A tensor that the cores can hold, each its samples (or rows) of it, from the operation that writes it on.
struct Holdable {
  TensorId tensor = 0;
  std::size_t writer = 0, use = 0;  ///< which operation writes it, which of its writes that is
  Bytes share;                      ///< of the core that has most of it
  std::vector<HeldRead> reads;      ///< that can do without memory, in the order of execution
  std::size_t all_reads = 0;        ///< those that cannot, too
};

/// True if tensors lie on the cores by rows of a sample: there are fewer samples than cores.
[[nodiscard]] bool lies_by_rows(const Step& step, const Accelerator& accelerator);

/// All tensors of a step that could stay in L1, whether they fit or not, by their writers' order.
///
/// A tensor lies on the cores as they share the work over samples, whole ones where there are enough (then some cores may
/// have one more than others). So it must be made by samples, by one operation, and all of it; weights, their gradients
/// and sums over samples are not, nor is what is small. With fewer samples than cores GEMMs share rows (row_residency.hpp), on a ring with
/// multicast: without it cores that all need the same weights would each read them.
[[nodiscard]] std::vector<Holdable> holdable_tensors(const Step& step, const Accelerator& accelerator);

}  // namespace nibble
