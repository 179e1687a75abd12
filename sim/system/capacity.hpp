#pragma once

#include <cstdint>
#include <functional>

#include "models/config/accelerator.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// Most memory that a step holds at one time: parameters and inputs throughout, every other tensor from the operation
/// that first writes it to the one that last uses it. Whole bytes of each tensor; no fragmentation, no runtime.
[[nodiscard]] Bytes peak_memory(const Step& step);

/// The peak memory of a step. InputError [SYS-MEMORY] if the step needs more than the memory of a chip; names the largest batch that fits
/// and, for a training that keeps its activations, whether recomputing them would make room.
/// `lower`: the same step for another batch of one chip, with or without recomputation.
Bytes check_capacity(const Step& step, const Accelerator& accelerator,
                     const std::function<Step(std::uint64_t batch, bool recompute)>& lower);

}  // namespace nibble
