#include "sim/chip/repeated_work.hpp"

#include <algorithm>

namespace nibble {
namespace {

bool same_id(std::uint32_t first, std::uint32_t later, std::optional<std::uint32_t>& step) {
  if (first == 0 || later == 0) return first == later;
  if (!step) step = later - first;
  return later - first == *step;
}

}  // namespace

bool same_work(const Instruction& first, const Instruction& later, IdSteps& steps) {
  // Taken apart whole: a member that is added to it does not compile here until it counts.
  const auto& [waits, acquires, publishes, frees, bytes, pitch, piece, column, interleave, crossed, clash, multicast, multicast_cores,
               source, resident, m, n, k, count, accumulate, begins_on, split_n, lane_ops, lane_waits, l1_read, l1_written, continues, l1_streamed, reduce,
               reduce_cores, passes_on, reduce_bytes, reduce_bits] = first;
  // Arrays that wait for sums of another core hold on to an id for longer than a period may be.
  if (begins_on != 0 || later.begins_on != 0 || passes_on || later.passes_on) return false;
  return bytes == later.bytes && waits == later.waits && acquires == later.acquires && publishes == later.publishes &&
         frees == later.frees && pitch == later.pitch && piece == later.piece && column == later.column &&
         interleave == later.interleave && crossed == later.crossed && clash == later.clash &&
         multicast_cores == later.multicast_cores && source == later.source && resident == later.resident &&
         m == later.m && n == later.n && k == later.k && count == later.count && accumulate == later.accumulate &&
         split_n == later.split_n && lane_ops == later.lane_ops && lane_waits == later.lane_waits &&
         l1_read == later.l1_read && l1_written == later.l1_written && continues == later.continues && l1_streamed == later.l1_streamed && reduce_cores == later.reduce_cores &&
         reduce_bytes == later.reduce_bytes && reduce_bits == later.reduce_bits &&
         same_id(multicast, later.multicast, steps.multicast) && same_id(reduce, later.reduce, steps.exchange);
}

std::uint64_t periods_ahead(const std::vector<Instruction>& queue, std::size_t next, std::size_t period,
                            IdSteps& steps) {
  std::size_t end = next - std::min(next, 2 * period) + period;  // of what is known to repeat
  while (end < queue.size() && same_work(queue[end - period], queue[end], steps)) ++end;
  const std::size_t whole = end > next ? (end - next) / period : 0;
  return whole > 0 ? whole - 1 : 0;
}

}  // namespace nibble
