#pragma once

#include <optional>

#include "sim/mapper/cost_estimate.hpp"
#include "sim/mapper/mapper.hpp"
#include "sim/mapper/program.hpp"
#include "sim/mapper/residency.hpp"

namespace nibble {

/// The program of an operation without a GEMM: every core takes an equal share of all streams and works through it tile
/// by tile, double-buffered. What is small against the largest stream (per-channel parameters, sums) moves once.
[[nodiscard]] KernelProgram build_vector_program(const Step& step, std::size_t operation, const Accelerator& accelerator,
                                                 const OperationResidency& residency,
                                                 const MapperOptions& options);

/// What that program is expected to take; nothing if its tiles do not fit beside what is held.
[[nodiscard]] std::optional<KernelLoad> vector_load(const Step& step, std::size_t operation, const Accelerator& accelerator,
                                                    const OperationResidency& residency);

}  // namespace nibble
