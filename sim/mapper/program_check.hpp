#pragma once

#include <vector>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "sim/mapper/program.hpp"

namespace nibble {

/// What a program does, counted without running it.
struct CoreTotals {
  Macs macs;
  std::uint64_t lane_ops = 0;
  Bytes loaded;        ///< into this core's L1, multicasts included
  Bytes stored;
  std::uint64_t instructions = 0;
};

struct ProgramTotals {
  Macs macs;
  std::uint64_t lane_ops = 0;
  Bytes memory_read;   ///< from external memory: a multicast counts once
  Bytes memory_written;
  std::uint64_t instructions = 0;
  std::vector<CoreTotals> cores;
};
[[nodiscard]] ProgramTotals totals(const KernelProgram& program);

/// Checks that the machine can run the program to its end: slots exist and fit L1, each slot is filled by one unit,
/// multicasts and exchanges name all of their cores, and an untimed run of the in-order queues ends with every
/// queue drained and every slot empty. Which instructions can start does not depend on the order in which others
/// do (a slot has one filling unit), so one such run stands for every timing.
///
/// InputError with every problem found: [PRG-CORES], [PRG-SLOT], [PRG-SLOT-SIZE], [PRG-L1], [PRG-OWNER], [PRG-GROUP],
/// [PRG-TOKEN], [PRG-UNIT], [PRG-DEADLOCK], [PRG-LEFT-FULL].
void check_program(const KernelProgram& program, const Accelerator& accelerator);

}  // namespace nibble
