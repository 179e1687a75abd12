#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// Rows of a held tensor that one core needs and another's L1 holds: they cross the data ring from L1 to L1.
struct RowFetch {
  std::uint32_t core = 0, source = 0;
  Bytes bytes;
};

/// True if all cores can share the operation by rows of its pixels: where there are fewer samples than cores, tensors are
/// held by rows instead of by samples.
[[nodiscard]] bool shares_rows(const Step& step, const Operation& operation, const Accelerator& accelerator);

/// What the cores must fetch from one another before `reader` finds the result of `writer`, its use `use`, in L1; both
/// share their rows. Nothing if the rows of the two don't correspond.
[[nodiscard]] std::optional<std::vector<RowFetch>> rows_to_fetch(const Step& step, const Operation& writer,
                                                                 const Operation& reader, std::size_t use,
                                                                 const Accelerator& accelerator);

/// Slots that take up what is fetched, the same on every core: the n-th for a core's n-th fetch.
[[nodiscard]] std::vector<Bytes> fetch_slots(const std::vector<RowFetch>& fetches, std::uint32_t cores);

}  // namespace nibble
