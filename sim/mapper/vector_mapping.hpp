#pragma once

#include "sim/mapper/mapper.hpp"
#include "sim/mapper/program.hpp"
#include "sim/mapper/residency.hpp"

namespace nibble {

/// The program of an operation without a GEMM: every core takes an equal share of all streams and works through it tile
/// by tile, double-buffered. What is small against the largest stream (per-channel parameters, sums) moves once.
[[nodiscard]] KernelProgram build_vector_program(const Step& step, std::size_t operation, const Accelerator& accelerator,
                                                 const OperationResidency& residency,
                                                 const MapperOptions& options);

}  // namespace nibble
