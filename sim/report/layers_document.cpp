#include "sim/report/layers_document.hpp"

#include <array>

#include "models/base/check.hpp"

namespace nibble {
namespace {

/// The components of a machine, in the order in which data passes them; each is reported, used or not.
constexpr std::array kComponents = {"mpe",  "registers", "wires", "l0",     "l1",
                                    "sfu",  "ring",      "memory", "clock", "leakage"};

constexpr std::array kPasses = {"fwd", "dgrad", "wgrad", "vector", "update", "recompute"};

std::string class_name(EnergyClass energy_class) {
  switch (energy_class) {
    case EnergyClass::dynamic:
      return "dynamic";
    case EnergyClass::idle:
      return "idle";
    case EnergyClass::statics:
      return "static";
  }
  throw InternalError("an energy class without a name");
}

/// Share of the multiplies that the arrays could have done at this operation's own rate; 0 without a GEMM.
double utilisation_of(const OperationResult& operation, const Accelerator& accelerator) {
  for (const MacMode& mode : accelerator.core.mpe.modes) {
    if (mode.name != operation.mac_mode) continue;
    const double peak = static_cast<double>(peak_macs_per_cycle(accelerator, mode).value()) *
                        static_cast<double>(operation.kernel.cycles.value());
    return static_cast<double>(operation.macs.value()) / peak;
  }
  return 0.0;
}

Json stalls_object(const ArrayCycles& cycles, bool capped) {
  Json stalls;
  stalls["memory"] = cycles.memory;
  stalls["ring"] = cycles.ring;
  stalls["l1"] = cycles.l1;
  stalls["vector"] = cycles.vector;
  stalls["sync"] = cycles.sync;
  if (capped) stalls["throttled"] = cycles.throttled;
  return stalls;
}

Json layer_object(const OperationResult& operation, const RunResult& result) {
  const Seconds time = duration(operation.kernel.cycles, result.accelerator.clock);
  Json layer;
  layer["name"] = operation.layer;
  layer["pass"] = pass_name(operation.pass);
  layer["phase"] = phase_name(operation.pass);
  layer["m"] = operation.m;
  layer["n"] = operation.n;
  layer["k"] = operation.k;
  layer["count"] = operation.count;
  layer["mac_mode"] = operation.mac_mode;
  layer["a_format"] = operation.a_format;
  layer["b_format"] = operation.b_format;
  layer["mapping"] = operation.mapping;
  layer["vector_work"] = operation.vector_work;
  layer["macs"] = operation.macs.value();
  layer["cycles"] = operation.kernel.cycles.value();
  layer["time_s"] = time.value();
  layer["utilisation"] = utilisation_of(operation, result.accelerator);
  layer["compute_cycles"] = operation.kernel.array_cycles.compute;
  layer["fill_drain_cycles"] = operation.kernel.array_cycles.fill_drain;
  layer["stalls"] = stalls_object(operation.kernel.array_cycles, result.accelerator.power.cap.has_value());
  layer["bytes"] = bytes_object(operation.kernel.activity);
  Accelerator chip = result.accelerator;
  chip.chips = 1;
  layer["energy_j"] = energy_object(energy_of(operation.kernel.activity, chip, result.technology, time));
  return layer;
}

Json counts_by_mode(const std::map<std::string, std::uint64_t>& counts) {
  Json object = Json::object();
  for (const auto& [mode, count] : counts) object[mode] = count;
  return object;
}

}  // namespace

std::string pass_name(Pass pass) {
  return pass == Pass::vector_fwd || pass == Pass::vector_bwd ? "vector" : to_string(pass);
}

std::string phase_name(Pass pass) {
  if (pass == Pass::fwd || pass == Pass::vector_fwd) return "forward";
  return pass == Pass::update ? "update" : "backward";
}

Json array_cycles_object(const ArrayCycles& cycles, bool capped) {
  Json object;
  object["total"] = cycles.total();
  object["compute"] = cycles.compute;
  object["fill_drain"] = cycles.fill_drain;
  object["memory"] = cycles.memory;
  object["ring"] = cycles.ring;
  object["l1"] = cycles.l1;
  object["vector"] = cycles.vector;
  object["sync"] = cycles.sync;
  if (capped) object["throttled"] = cycles.throttled;
  return object;
}

Json bytes_object(const Activity& activity) {
  Json bytes;
  bytes["register_read"] = activity.register_read.value();
  bytes["register_written"] = activity.register_written.value();
  bytes["l0_read"] = activity.l0_read.value();
  bytes["l0_written"] = activity.l0_written.value();
  bytes["l1_read"] = activity.l1_read.value();
  bytes["l1_written"] = activity.l1_written.value();
  bytes["memory_read"] = activity.memory_read.value();
  bytes["memory_written"] = activity.memory_written.value();
  return bytes;
}

Json energy_object(const EnergyReport& energy) {
  Json object;
  object["total"] = energy.total.value();
  for (const char* component : kComponents) {
    const auto found = energy.components.find(component);
    object[component] = found == energy.components.end() ? 0.0 : found->second.value();
  }
  // Machines of one chip have no links to report.
  if (const auto link = energy.components.find("link"); link != energy.components.end()) {
    object["link"] = link->second.value();
  }
  for (const auto& [component, joules] : energy.components) {
    NIBBLE_CHECK(object.contains(component), "the report has no column for component {}", component);
  }
  return object;
}

Json activity_object(const RunResult& result) {
  std::uint64_t memory_busy = 0;
  std::uint64_t sfu_busy = 0;
  for (const OperationResult& operation : result.operations) {
    memory_busy += operation.kernel.memory_busy_cycles;
    sfu_busy += operation.kernel.sfu_busy_cycles;
  }
  Json object;
  object["macs"] = counts_by_mode(result.activity.macs);
  object["gated_macs"] = counts_by_mode(result.activity.gated_macs);
  object["array_byte_hops"] = result.activity.array_byte_hops;
  object["sfu_lane_ops"] = result.activity.sfu_lane_ops;
  object["ring_byte_hops"] = result.activity.ring_byte_hops;
  object["psum_ring_byte_hops"] = result.activity.psum_ring_byte_hops;
  object["memory_row_misses"] = result.activity.memory_row_misses;
  object["core_busy_cycles"] = result.activity.core_busy_cycles;
  object["core_idle_cycles"] = result.activity.core_idle_cycles;
  object["memory_busy_cycles"] = memory_busy;
  object["sfu_busy_cycles"] = sfu_busy;
  return object;
}

Json passes_object(const RunResult& result) {
  struct Sum {
    std::uint64_t operations = 0, cycles = 0, macs = 0;
  };
  std::map<std::string, Sum> sums;
  for (const OperationResult& operation : result.operations) {
    Sum& sum = sums[pass_name(operation.pass)];
    sum.operations += 1;
    sum.cycles += operation.kernel.cycles.value();
    sum.macs += operation.macs.value();
  }
  Json passes;
  for (const char* name : kPasses) {
    const Sum& sum = sums[name];
    Json pass;
    pass["operations"] = sum.operations;
    pass["macs"] = sum.macs;
    pass["cycles"] = sum.cycles;
    pass["time_s"] = duration(Cycles{sum.cycles}, result.accelerator.clock).value();
    passes[name] = std::move(pass);
  }
  return passes;
}

Json energy_table_array(const EnergyReport& energy) {
  Json table = Json::array();
  for (const EnergyRow& row : energy.rows) {
    Json entry;
    entry["component"] = row.component;
    entry["event"] = row.event;
    entry["class"] = class_name(row.energy_class);
    entry["count"] = row.count;
    entry["per"] = row.per;
    entry["each_pj"] = row.each.value();
    entry["energy_j"] = row.energy.value();
    entry["verified"] = !row.memory_only;
    entry["source"] = row.source;
    table.push_back(std::move(entry));
  }
  return table;
}

Json layers_array(const RunResult& result) {
  Json layers = Json::array();
  for (const OperationResult& operation : result.operations) {
    layers.push_back(layer_object(operation, result));
  }
  return layers;
}

}  // namespace nibble
