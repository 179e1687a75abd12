#pragma once

#include <cstdint>
#include <functional>

#include "models/config/accelerator.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// Most memory that a step holds at one time: parameters and inputs throughout, every other tensor from the operation
/// that first writes it to the one that last uses it. Whole bytes of each tensor; no fragmentation, no runtime.
[[nodiscard]] Bytes peak_memory(const Step& step);

/// InputError [SYS-MEMORY] if the step needs more than the memory of a chip; names the largest batch that fits.
/// `lower`: the same step for another batch of one chip.
void check_capacity(const Step& step, const Accelerator& accelerator,
                    const std::function<Step(std::uint64_t batch)>& lower);

}  // namespace nibble
