#include "sim/core/schedule_table.hpp"

#include <cstdint>

namespace nibble {
namespace {

/// Schedules that are remembered; a kernel has a few dozen.
constexpr std::size_t kRemembered = 4096;

PortedArray ported_array(const Core& core) {
  const MpeArray& mpe = core.mpe;
  return {mpe.rows, mpe.columns, mpe.mac_latency_cycles, mpe.accumulators, mpe.pass_bubble_cycles,
          static_cast<std::uint64_t>(core.l1.corelet_bandwidth.value() * 8)};
}

template <class... Values>
std::size_t mix(Values... values) {
  std::uint64_t hash = 0;
  ((hash = (hash ^ static_cast<std::uint64_t>(values)) * 0x9E3779B97F4A7C15U, hash ^= hash >> 32), ...);
  return hash;
}

}  // namespace

ScheduleTable::ScheduleTable(const Core& core) : array_{ported_array(core)} {}

const VisitSchedule& ScheduleTable::of(const PortTraffic& traffic, const PortState& state) {
  if (known_.size() >= kRemembered) known_.clear();
  const auto [found, fresh] = known_.try_emplace({traffic, state});
  if (fresh) found->second = schedule_visit(array_, traffic, state);
  return found->second;
}

std::size_t ScheduleTable::Hash::operator()(const Question& question) const {
  // Taken apart whole: a member that is added to either does not compile here until it counts.
  const auto& [rows, pass_rows, entries, depth, last_depth, row_bits, last_row_bits, shared_bits, sums_in_bits,
               last_sums_in_bits, sums_in_entry, columns, column_sum_bits, last_column_sum_bits, sum_rows, sums_at_end,
               sums_in_cycle_bits, l0_words, l0_steps] = question.traffic;
  const auto& [loads, used_bits, loader_idle_first] = question.state;
  std::size_t hash = mix(rows, pass_rows, entries, depth, last_depth, row_bits, last_row_bits, shared_bits, sums_in_bits,
                         last_sums_in_bits, sums_in_entry, columns, column_sum_bits, last_column_sum_bits, sum_rows,
                         sums_at_end, sums_in_cycle_bits, l0_words, l0_steps, used_bits, loader_idle_first);
  for (const auto& [bits, bits_a_cycle] : loads) hash = mix(hash, bits, bits_a_cycle);
  return hash;
}

}  // namespace nibble
