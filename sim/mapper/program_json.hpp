#pragma once

#include <istream>
#include <string>
#include <vector>

#include "sim/mapper/program.hpp"

namespace nibble {

/// A program as JSON lines (schema: sim/mapper/README.md): one line for the kernel, then one for each instruction.
[[nodiscard]] std::string to_json_lines(const KernelProgram& program);

/// Reads what to_json_lines() wrote, or another compiler wrote in its schema. InputError [PRG-...] with file and line for
/// anything that is not such a program; whether a machine can run it is check_program()'s business.
[[nodiscard]] std::vector<KernelProgram> read_programs(std::istream& input, const std::string& file_name);

}  // namespace nibble
