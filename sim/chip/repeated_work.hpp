#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/mapper/program.hpp"

namespace nibble {

/// By how much ids grow from one period of a program to the next; unknown until an instruction has one.
struct IdSteps {
  std::optional<std::uint32_t> multicast, exchange;
};

/// True if `later` is the same work as `first`, but for ids that have moved on by `steps`; learns steps that are unknown.
/// Work that passes sums on from core to core is never the same.
[[nodiscard]] bool same_work(const Instruction& first, const Instruction& later, IdSteps& steps);

/// How many more whole periods of `period` instructions (>= 1) `queue` holds from `next` on, of which the last is left out:
/// its end is not like that of the others. The two periods before `next` belong to those that are compared.
[[nodiscard]] std::uint64_t periods_ahead(const std::vector<Instruction>& queue, std::size_t next, std::size_t period,
                                          IdSteps& steps);

}  // namespace nibble
