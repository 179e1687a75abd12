#pragma once

#include <CLI/CLI.hpp>

namespace nibble {

/// `nibble numerics convert|decode|formats|gemm`: the number formats and the GEMM emulation, for anyone to check.
void add_numerics_command(CLI::App& program);

/// `nibble numerics gemm`, below `numerics`.
void add_numerics_gemm_command(CLI::App& numerics);

}  // namespace nibble
