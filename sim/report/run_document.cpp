#include <fmt/format.h>

#include <set>

#include "models/base/check.hpp"
#include "sim/report/document.hpp"
#include "sim/report/layers_document.hpp"
#include "sim/report/training_document.hpp"
#include "sim/system/power_governor.hpp"

namespace nibble {
namespace {

std::uint64_t arrays_of(const Accelerator& accelerator) {
  return std::uint64_t{accelerator.chips} * accelerator.cores * accelerator.core.corelets;
}

void check_array_cycles(const RunResult& result) {
  const std::uint64_t elapsed = arrays_of(result.accelerator) * result.cycles.value();
  if (result.array_cycles.total() != elapsed) {
    throw LawError(fmt::format("array cycles add up to {}, but {} arrays ran for {} cycles: {}",
                               result.array_cycles.total(), arrays_of(result.accelerator),
                               result.cycles.value(), elapsed));
  }
}

Json program_object(const RunResult& result) {
  Json inputs;
  inputs["network"] = result.network_hash;
  inputs["accelerator"] = result.accelerator.hash;
  inputs["technology"] = result.technology.hash;
  inputs["recipe"] = result.recipe.hash;
  inputs["grid"] = result.grid.hash;
  Json program;
  program["name"] = "nibble";
  program["version"] = NIBBLE_VERSION;
  program["inputs"] = std::move(inputs);
  return program;
}

/// A replayed program is of no recipe, and nobody knows what part of what step it is.
std::string mode_name(const RunResult& result) {
  if (result.recipe.name.empty()) return "program";
  return result.request.training ? "training" : "inference";
}

Json machine_object(const Accelerator& accelerator) {
  Json machine;
  machine["clock_hz"] = accelerator.clock.value();
  machine["voltage_v"] = accelerator.voltage.value();
  if (accelerator.power.cap) {
    machine["power_cap_w"] = accelerator.power.cap->value();
    machine["throttling"] = accelerator.power.throttling == Throttling::worst_case ? "worst_case" : "sparsity_aware";
  }
  if (accelerator.chips > 1) machine["chips"] = accelerator.chips;
  machine["cores"] = accelerator.cores;
  machine["arrays"] = arrays_of(accelerator);
  return machine;
}

void add_performance(const RunResult& result, Json& document) {
  const double seconds = result.time.value();
  const double operations = 2.0 * static_cast<double>(result.macs.value());
  document["time_s"] = seconds;
  document["cycles"] = result.cycles.value();
  document["samples_per_s"] = static_cast<double>(result.request.batch) / seconds;
  document["macs"] = result.macs.value();
  document["peak_macs"] = result.peak_macs;
  document["tops"] = operations / seconds * 1e-12;
  document["utilisation"] =
      result.peak_macs > 0 ? static_cast<double>(result.macs.value()) / result.peak_macs : 0.0;
}

void add_energy(const RunResult& result, Json& document) {
  const double joules = result.energy.total.value();
  document["energy_j"] = energy_object(result.energy);
  Json classes;
  classes["dynamic"] = result.energy.dynamic.value();
  classes["idle"] = result.energy.idle.value();
  classes["static"] = result.energy.statics.value();
  document["energy_class_j"] = std::move(classes);
  document["power_w"] = joules / result.time.value();
  if (result.accelerator.power.cap) {
    document["chip_power_w"] = chip_power(result.energy, result.time, result.accelerator.chips).value();
  }
  document["tops_per_w"] = 2.0 * static_cast<double>(result.macs.value()) / joules * 1e-12;
}

void add_carbon(const RunResult& result, Json& document) {
  Json carbon;
  carbon["operational"] = result.carbon.operational.value();
  carbon["embodied"] = result.carbon.embodied.value();
  carbon["total"] = result.carbon.total.value();
  document["carbon_g"] = std::move(carbon);
  Json assumptions;
  assumptions["intensity_g_per_kwh"] = result.grid.intensity.value();
  assumptions["pue"] = result.grid.pue;
  assumptions["device_embodied_g"] = result.carbon.device_embodied.value();
  assumptions["device_lifetime_years"] = result.carbon.device_lifetime_years;
  assumptions["device_utilisation"] = result.carbon.device_utilisation;
  document["carbon_assumptions"] = std::move(assumptions);
}

/// What exchanging the gradients took; absent for one chip.
Json exchange_object(const RunResult& result) {
  const SystemTimes& times = *result.system;
  Json exchange;
  exchange["exposed_cycles"] = times.waiting.value();
  exchange["exposed_time_s"] = duration(times.waiting, result.accelerator.clock).value();
  exchange["collectives"] = times.collectives;
  exchange["gradient_bytes"] = times.gradients.value();
  exchange["sent_bytes_per_chip"] = times.sent.value();
  exchange["link_busy"] = times.link_busy;
  return exchange;
}

/// How many operations carry the step's cost, and which layers needed none.
Json coverage_object(const RunResult& result) {
  std::uint64_t gemms = 0;
  std::set<std::string> layers;
  for (const OperationResult& operation : result.operations) {
    gemms += operation.macs.value() > 0 ? 1 : 0;
    layers.insert(operation.layer);
  }
  Json coverage;
  coverage["layers_with_cost"] = layers.size();
  coverage["operations"] = result.operations.size();
  coverage["gemm_operations"] = gemms;
  coverage["vector_operations"] = result.operations.size() - gemms;
  coverage["free_layers"] = result.free_layers;
  return coverage;
}

/// Events with a count, whose energy constant no source settles.
Json unverified_constants(const EnergyReport& energy) {
  Json names = Json::array();
  for (const EnergyRow& row : energy.rows) {
    if (row.memory_only && row.count > 0) names.push_back(row.event);
  }
  return names;
}

}  // namespace

Json run_document(const RunResult& result, const DocumentOptions& options) {
  NIBBLE_CHECK(result.time.value() > 0 && result.energy.total.value() > 0, "time {} s, energy {} J",
               result.time.value(), result.energy.total.value());
  check_array_cycles(result);
  Json document;
  document["schema"] = kRunSchema;
  document["program"] = program_object(result);
  document["network"] = result.network_name;
  document["accelerator"] = result.accelerator.name;
  document["technology"] = result.technology.name;
  document["recipe"] = result.recipe.name.empty() ? "program" : result.recipe.name;
  document["grid"] = result.grid.name;
  document["mode"] = mode_name(result);
  document["batch"] = result.request.batch;
  document["residency"] = result.request.residency;
  document["recompute"] = result.request.recompute;
  if (result.footprint) document["memory_footprint_bytes"] = result.footprint->value();
  document["machine"] = machine_object(result.accelerator);
  add_performance(result, document);
  document["array_cycles"] = array_cycles_object(result.array_cycles, result.accelerator.power.cap.has_value());
  document["passes"] = passes_object(result);
  if (result.system) document["exchange"] = exchange_object(result);
  add_energy(result, document);
  add_carbon(result, document);
  document["bytes"] = bytes_object(result.activity);
  document["activity"] = activity_object(result);
  document["coverage"] = coverage_object(result);
  document["unverified_constants"] = unverified_constants(result.energy);
  if (options.training) document["training_run"] = training_object(result, *options.training);
  if (options.energy_table) document["energy_table"] = energy_table_array(result.energy);
  if (options.layers) document["layers"] = layers_array(result);
  return document;
}

std::string json_text(const Json& document) {
  // Names may come from files with bytes that are no UTF-8, which JSON cannot hold.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace nibble
