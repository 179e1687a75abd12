#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "models/config/accelerator.hpp"
#include "sim/mapper/gemm_tiling.hpp"
#include "sim/mapper/program.hpp"
#include "sim/mapper/residency.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

struct MapperOptions {
  std::optional<CoreSplit> split = {};  ///< share GEMMs in just this way; unset: the mapper chooses
  std::optional<std::uint32_t> cores = {};  ///< share vector work over just so many cores; unset: as many as it is worth
  std::optional<GemmTiling> tiling = {};  ///< map the GEMM in just this way, which was found for it; unset: search
  bool prune = true;  ///< let go of candidates that cannot win: the choice is the same without
};

/// Turns one operation of a step into the program that the cores run.
///
/// Every MAC is executed once, every byte of the operation's reads and writes that is not resident crosses the
/// memory interface at least once, and all slots fit the part of L1 that may be allocated less what is held there.
/// InputError [MAP-L1] if not even the smallest tiles fit, [ACC-FORMAT] if the machine lacks the GEMM's formats.
[[nodiscard]] KernelProgram map_operation(const Step& step, std::size_t operation, const Accelerator& accelerator,
                                          const OperationResidency& residency, const MapperOptions& options);

/// Bytes of one core's L1 that programs may use.
[[nodiscard]] Bytes usable_l1(const Accelerator& accelerator);
/// Capacities of smaller scratchpads, the largest first: 64 KiB x 2^n, in `steps` steps from one power to the next. What a
/// machine decides is held against what it would decide with these, so that a larger scratchpad never moves more.
[[nodiscard]] std::vector<Bytes> smaller_scratchpads(const Accelerator& accelerator, std::uint64_t steps);
/// Of those, none smaller than one whose decision moves so many times as much.
inline constexpr double kFarBehind = 1.05;

}  // namespace nibble
