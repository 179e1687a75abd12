// Kernels and residency plans as text. Lists in a fixed order: both ends are the same program.
#include <utility>

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

Json to_json(const KernelCache::Entry& entry) {
  const auto& [name, simulated] = entry;
  const Activity& activity = simulated.kernel.activity;
  return {name, simulated.mac_mode, simulated.mapping, numbers_of(simulated.kernel), Json(activity.macs),
          Json(activity.gated_macs)};
}

KernelCache::Entry kernel_entry(const Json& json) {
  KnownKernel simulated{kernel_of(json.at(3)), json.at(1), json.at(2)};
  json.at(4).get_to(simulated.kernel.activity.macs);
  json.at(5).get_to(simulated.kernel.activity.gated_macs);
  return {json.at(0), std::move(simulated)};
}

Json to_json(const OperationResidency& operation) {
  Json fetches = Json::array();
  for (const RowFetch& fetch : operation.fetches) fetches.push_back({fetch.core, fetch.source, fetch.bytes.value()});
  return {operation.reads,      operation.held,      operation.unstored, operation.occupied.value(),
          operation.by_columns, operation.by_sample, std::move(fetches)};
}

OperationResidency residency_of(const Json& json) {
  OperationResidency operation;
  json.at(0).get_to(operation.reads);
  json.at(1).get_to(operation.held);
  json.at(2).get_to(operation.unstored);
  operation.occupied = Bytes{json.at(3).get<std::uint64_t>()};
  json.at(4).get_to(operation.by_columns);
  json.at(5).get_to(operation.by_sample);
  for (const Json& fetch : json.at(6)) {
    operation.fetches.push_back({fetch.at(0), fetch.at(1), Bytes{fetch.at(2).get<std::uint64_t>()}});
  }
  return operation;
}

/// An object, where a kernel is a list.
Json to_json(const PlanCache::Entry& entry) {
  Json operations = Json::array();
  for (const OperationResidency& operation : entry.second.operations) operations.push_back(to_json(operation));
  return Json{{"plan", entry.first}, {"saved", entry.second.saved.value()}, {"operations", std::move(operations)}};
}

PlanCache::Entry plan_entry(const Json& json) {
  ResidencyPlan plan;
  plan.saved = Bytes{json.at("saved").get<std::uint64_t>()};
  for (const Json& operation : json.at("operations")) plan.operations.push_back(residency_of(operation));
  return {json.at("plan"), std::move(plan)};
}

}  // namespace

Json take_learned(KernelCache& kernels) {
  Json list = Json::array();
  for (const KernelCache::Entry& entry : kernels.take_fresh()) list.push_back(to_json(entry));
  for (const PlanCache::Entry& entry : kernels.plans().take_fresh()) list.push_back(to_json(entry));
  return list;
}

void learn(KernelCache& kernels, const Json& learned) {
  for (const Json& entry : learned) {
    if (entry.is_object()) {
      kernels.plans().add(plan_entry(entry));
    } else {
      kernels.add(kernel_entry(entry));
    }
  }
}

}  // namespace nibble
