// What a core counts, and how it leaves out periods of its program that count the same: see sim/chip/fast_forward.hpp.

#include <numeric>

#include "sim/core/compute_core.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

/// What `last` counts more than `first`, so many times.
StateLedger::Counts growth(const StateLedger::Counts& first, const StateLedger::Counts& last, std::uint64_t times) {
  StateLedger::Counts counts{};
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = (last[i] - first[i]) * times;
  return counts;
}

}  // namespace

ComputeCore::Counts ComputeCore::counts() const {
  Counts all{fetched_, ended_, in_flight_, {}, sfu_busy_, macs_, activity_};
  for (const auto& corelet : corelets_) all.arrays.push_back(corelet->ledger().counts());
  if (units_at_work_ > 0) all.activity.core_busy_cycles += kernel_now() - working_since_;
  return all;
}

bool ComputeCore::repeatable(const Counts& first, const Counts& last, std::uint64_t cycles) const {
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    const std::size_t period = last.fetched[unit] - first.fetched[unit];
    if (last.ended[unit] - first.ended[unit] != period) return false;
    if (period == 0 ? last.in_flight[unit] > 0 : last.fetched[unit] - last.ended[unit] > 2 * period) return false;
  }
  for (std::size_t i = 0; i < corelets_.size(); ++i) {
    const StateLedger::Counts booked = growth(first.arrays[i], last.arrays[i], 1);
    const std::uint64_t sum = std::accumulate(booked.begin(), booked.end(), std::uint64_t{0});
    if (sum != (done() ? 0 : cycles)) return false;
  }
  return true;
}

void ComputeCore::skip(const Counts& first, const Counts& last, std::uint64_t times, std::uint64_t cycles) {
  for (std::size_t i = 0; i < corelets_.size(); ++i) {
    StateLedger::Counts skipped = growth(first.arrays[i], last.arrays[i], times);
    if (done()) skipped[static_cast<std::size_t>(ArrayState::sync)] += cycles;
    corelets_[i]->ledger().add(skipped);
  }
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    const std::size_t instructions = (last.fetched[unit] - first.fetched[unit]) * times;
    fetched_[unit] += instructions;
    ended_[unit] += instructions;
  }
  sfu_busy_ += (last.sfu_busy - first.sfu_busy) * times;
  macs_ += (last.macs - first.macs) * times;
  Activity grown = last.activity;
  grown -= first.activity;
  activity_ += grown *= times;
}

}  // namespace nibble
