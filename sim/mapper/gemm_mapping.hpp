#pragma once

#include "sim/mapper/gemm_slots.hpp"
#include "sim/mapper/gemm_space.hpp"
#include "sim/mapper/program.hpp"

namespace nibble {

/// The program of a tiling. Precondition: the tiling fits.
[[nodiscard]] KernelProgram build_gemm_program(const GemmSpace& space, const GemmTiling& tiling);

}  // namespace nibble
