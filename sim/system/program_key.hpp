#pragma once

#include <string>

#include "sim/mapper/program.hpp"

namespace nibble {

/// 32 hex digits that name all of a program that its time depends on: programs of equal keys take equally long on
/// machines whose Accelerator::execution hashes for them are equal. Names of layers are not part of it.
[[nodiscard]] std::string program_key(const KernelProgram& program);

}  // namespace nibble
