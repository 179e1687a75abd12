// Kernels as text. Lists in a fixed order: both ends are the same program.
#include "sim/sweep/evaluate.hpp"

namespace nibble {
namespace {

Json numbers_of(const KernelResult& k) {
  const ArrayCycles& a = k.array_cycles;
  const Activity& c = k.activity;
  return {k.cycles.value(),         a.compute,
          a.fill_drain,             a.memory,
          a.ring,                   a.l1,
          a.vector,                 a.sync,
          a.throttled,
          c.register_read.value(),  c.register_written.value(),
          c.l0_read.value(),        c.l0_written.value(),
          c.l1_read.value(),        c.l1_written.value(),
          c.sfu_lane_ops,           c.ring_byte_hops,
          c.psum_ring_byte_hops,    c.memory_read.value(),
          c.memory_written.value(), c.core_busy_cycles,
          c.core_idle_cycles,       k.memory_busy_cycles,
          k.sfu_busy_cycles,        c.array_byte_hops,
          c.memory_row_misses};
}

KernelResult kernel_of(const Json& numbers) {
  KernelResult k;
  std::size_t next = 0;
  const auto take = [&](auto& field) {
    const std::uint64_t value = numbers.at(next++);
    field = std::decay_t<decltype(field)>{value};
  };
  ArrayCycles& a = k.array_cycles;
  Activity& c = k.activity;
  take(k.cycles);
  for (auto* part : {&a.compute, &a.fill_drain, &a.memory, &a.ring, &a.l1, &a.vector, &a.sync, &a.throttled}) take(*part);
  for (auto* part : {&c.register_read, &c.register_written, &c.l0_read, &c.l0_written, &c.l1_read, &c.l1_written}) {
    take(*part);
  }
  for (auto* part : {&c.sfu_lane_ops, &c.ring_byte_hops, &c.psum_ring_byte_hops}) take(*part);
  take(c.memory_read);
  take(c.memory_written);
  for (auto* part : {&c.core_busy_cycles, &c.core_idle_cycles, &k.memory_busy_cycles, &k.sfu_busy_cycles,
                     &c.array_byte_hops, &c.memory_row_misses}) {
    take(*part);
  }
  return k;
}

}  // namespace

Json kernels_to_json(const std::vector<KernelCache::Entry>& kernels) {
  Json list = Json::array();
  for (const auto& [name, simulated] : kernels) {
    const Activity& activity = simulated.kernel.activity;
    list.push_back({name, simulated.mac_mode, simulated.mapping, numbers_of(simulated.kernel), Json(activity.macs),
                    Json(activity.gated_macs)});
  }
  return list;
}

std::vector<KernelCache::Entry> kernels_from_json(const Json& json) {
  std::vector<KernelCache::Entry> kernels;
  for (const Json& entry : json) {
    KnownKernel simulated{kernel_of(entry.at(3)), entry.at(1), entry.at(2)};
    entry.at(4).get_to(simulated.kernel.activity.macs);
    entry.at(5).get_to(simulated.kernel.activity.gated_macs);
    kernels.emplace_back(entry.at(0), std::move(simulated));
  }
  return kernels;
}

}  // namespace nibble
