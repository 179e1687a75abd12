#include "models/energy/activity.hpp"

namespace nibble {

Activity& Activity::operator+=(const Activity& other) {
  for (const auto& [mode, count] : other.macs) macs[mode] += count;
  for (const auto& [mode, count] : other.gated_macs) gated_macs[mode] += count;
  register_read += other.register_read;
  register_written += other.register_written;
  array_byte_hops += other.array_byte_hops;
  l0_read += other.l0_read;
  l0_written += other.l0_written;
  l1_read += other.l1_read;
  l1_written += other.l1_written;
  sfu_lane_ops += other.sfu_lane_ops;
  ring_byte_hops += other.ring_byte_hops;
  psum_ring_byte_hops += other.psum_ring_byte_hops;
  memory_read += other.memory_read;
  memory_written += other.memory_written;
  memory_row_misses += other.memory_row_misses;
  core_busy_cycles += other.core_busy_cycles;
  core_idle_cycles += other.core_idle_cycles;
  link_bytes += other.link_bytes;
  return *this;
}

Activity& Activity::operator-=(const Activity& earlier) {
  for (const auto& [mode, count] : earlier.macs) macs[mode] -= count;
  for (const auto& [mode, count] : earlier.gated_macs) gated_macs[mode] -= count;
  register_read -= earlier.register_read;
  register_written -= earlier.register_written;
  l0_read -= earlier.l0_read;
  l0_written -= earlier.l0_written;
  l1_read -= earlier.l1_read;
  l1_written -= earlier.l1_written;
  sfu_lane_ops -= earlier.sfu_lane_ops;
  ring_byte_hops -= earlier.ring_byte_hops;
  psum_ring_byte_hops -= earlier.psum_ring_byte_hops;
  memory_read -= earlier.memory_read;
  memory_written -= earlier.memory_written;
  core_busy_cycles -= earlier.core_busy_cycles;
  core_idle_cycles -= earlier.core_idle_cycles;
  link_bytes -= earlier.link_bytes;
  return *this;
}

Activity& Activity::operator*=(std::uint64_t times) {
  for (auto& [mode, count] : macs) count *= times;
  for (auto& [mode, count] : gated_macs) count *= times;
  for (Bytes* bytes : {&register_read, &register_written, &l0_read, &l0_written, &l1_read, &l1_written, &memory_read,
                       &memory_written, &link_bytes}) {
    *bytes = *bytes * times;
  }
  for (std::uint64_t* count :
       {&array_byte_hops, &sfu_lane_ops, &ring_byte_hops, &psum_ring_byte_hops, &memory_row_misses, &core_busy_cycles,
        &core_idle_cycles}) {
    *count *= times;
  }
  return *this;
}

}  // namespace nibble
