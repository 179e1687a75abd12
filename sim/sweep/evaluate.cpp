#include "sim/sweep/evaluate.hpp"

#include "models/base/error.hpp"
#include "models/energy/area.hpp"
#include "sim/report/csv_report.hpp"
#include "sim/sweep/expression.hpp"

namespace nibble {
namespace {

using Values = std::map<std::string, SqlValue>;

ResultRow empty_row(const DesignSpace& space, const SweepTask& task) {
  const Sweep& sweep = space.sweep();
  Json axes = Json::object();
  for (const auto& [name, value] : space.axis_values(task.point)) axes[name] = to_json(value);
  return {{"point", task.point},
          {"network", sweep.networks[task.network]},
          {"recipe", sweep.recipes[task.recipe]},
          {"status", "done"},
          {"reason", ""},
          {"feasible", 0},
          {"axes", axes.dump()},
          {"metrics", "{}"},
          {"version", NIBBLE_VERSION},
          {"seed", sweep.sampling.seed}};
}

/// True unless one of the constraints can be told already and does not hold.
bool allowed(const DesignSpace& space, const Values& values, std::string* broken) {
  if (space.sweep().constraints.empty()) return true;
  Evaluator evaluator;
  for (const SweepExpression& constraint : space.sweep().constraints) {
    const std::optional<bool> holds = evaluator.holds(constraint.text, values);
    if (holds.value_or(true)) continue;
    *broken = constraint.text;
    return false;
  }
  return true;
}

Values known_before(const DesignSpace& space, const SweepTask& task, const AreaReport& area) {
  Values values = space.needs_machine_values() ? space.machine_values(task.point) : Values{};
  for (const auto& [name, value] : space.axis_values(task.point)) values[name] = value;
  values["area_mm2"] = area.total.value();
  return values;
}

/// All numbers of the run's document and the area, flat, by the names that `explain` defines.
Json flat_metrics(const RunResult& run, const AreaReport& area) {
  Json metrics = Json::object();
  for (const auto& [name, value] : flatten(run_document(run))) {
    if (value.is_number()) metrics[name] = value;
  }
  for (const auto& [component, mm2] : area.components) metrics["area_mm2." + component] = mm2.value();
  metrics["area_mm2.total"] = area.total.value();
  return metrics;
}

void fill(ResultRow& row, const RunResult& run, const Json& metrics) {
  const auto samples = static_cast<double>(run.request.batch);
  row["batch"] = run.request.batch;
  row["time_s"] = metrics.at("time_s");
  row["samples_per_s"] = metrics.at("samples_per_s");
  row["energy_j"] = metrics.at("energy_j.total");
  row["energy_per_sample_j"] = run.energy.total.value() / samples;
  row["power_w"] = metrics.at("power_w");
  row["area_mm2"] = metrics.at("area_mm2.total");
  row["carbon_g"] = metrics.at("carbon_g.total");
  row["utilisation"] = metrics.at("utilisation");
  row["tops"] = metrics.at("tops");
  row["tops_per_w"] = metrics.at("tops_per_w");
  row["metrics"] = metrics.dump();
  row["network_hash"] = run.network_hash;
  row["accelerator_hash"] = run.accelerator.hash;
  row["technology_hash"] = run.technology.hash;
  row["recipe_hash"] = run.recipe.hash;
  row["grid_hash"] = run.grid.hash;
}

void simulate_into(ResultRow& row, const DesignSpace& space, const SweepTask& task, KernelCache& kernels) {
  SimulationInputs inputs = space.inputs(task);
  const AreaReport area = area_of(inputs.accelerator, inputs.technology);
  Values values = known_before(space, task, area);
  std::string broken;
  if (!allowed(space, values, &broken)) {
    row["status"] = "excluded";
    row["reason"] = broken;
    row["area_mm2"] = area.total.value();
    return;
  }
  if (space.sizes_die()) inputs.accelerator.die_area = area.total;
  inputs.kernels = &kernels;
  const RunResult run = simulate(space.request(task), inputs);
  const Json metrics = flat_metrics(run, area);
  fill(row, run, metrics);
  for (const auto& [name, value] : metrics.items()) values[name] = value.get<double>();
  for (const std::string& name : row_metrics()) values[name] = row.at(name).get<double>();
  const bool feasible = allowed(space, values, &broken);
  row["feasible"] = feasible ? 1 : 0;
  if (!feasible) row["reason"] = broken;
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

}  // namespace

Json to_json(const SqlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

ResultRow evaluate(const DesignSpace& space, const SweepTask& task, KernelCache& kernels) {
  ResultRow row = empty_row(space, task);
  try {
    simulate_into(row, space, task, kernels);
  } catch (const InputError& error) {
    row["status"] = "invalid";
    // Without the file's place: a sweep gives the same rows wherever its files lie.
    row["reason"] = error.problems().front().id + " " + one_line(error.problems().front().what);
  } catch (const LawError& error) {
    row["status"] = "failed";
    row["reason"] = one_line(error.what());
  }
  return row;
}

ResultRow failed_row(const DesignSpace& space, const SweepTask& task, const std::string& reason) {
  ResultRow row = empty_row(space, task);
  row["status"] = "failed";
  row["reason"] = one_line(reason);
  return row;
}

}  // namespace nibble
