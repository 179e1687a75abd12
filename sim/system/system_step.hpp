#pragma once

#include "sim/system/chip_system.hpp"
#include "sim/system/exchange_plan.hpp"
#include "sim/system/run_result.hpp"

namespace nibble {

/// Puts the kernels of one chip, as `run` holds them, and the exchange of their gradients on a system of chips; turns
/// totals of one chip into totals of all.
void extend_to_system(RunResult& run, ChipSystem& system, const ExchangePlan& plan);

/// InputError [SYS-LINKS], [SYS-BATCH]: chips without links, a batch that does not divide among them.
void check_system(const Accelerator& accelerator, std::uint64_t batch);

}  // namespace nibble
