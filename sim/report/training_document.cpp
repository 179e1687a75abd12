#include "sim/report/training_document.hpp"

#include <fmt/format.h>

#include "models/carbon/equivalents.hpp"
#include "models/carbon/training_run.hpp"
#include "sim/report/summary_tables.hpp"

namespace nibble {
namespace {

/// A row for each thing that people know, a column for each run.
std::string equivalents_table(const std::vector<Json>& runs) {
  const auto list = [](const Json& run) -> const Json& { return run.at("training_run").at("equivalents"); };
  std::vector<std::string> things;
  for (const Json& equivalent : list(runs.front())) things.push_back(equivalent.at("what"));
  std::vector<TableColumn> columns = {words("its carbon equals", std::move(things))};
  for (const Json& run : runs) {
    std::vector<std::string> cells;
    for (const Json& equivalent : list(run)) {
      cells.push_back(fmt::format("{:.3g}", equivalent.at("count").get<double>()));
    }
    columns.push_back({"", run_label(run), "", false, std::move(cells)});
  }
  return table_text(columns);
}

}  // namespace

Json training_object(const RunResult& result, const TrainingLength& length) {
  const double steps = training_steps(length.epochs, length.samples, result.request.batch);
  const TrainingRun run = training_run(result.time, result.energy.total, result.carbon, steps, result.grid);
  Json object;
  object["epochs"] = length.epochs;
  object["samples"] = length.samples;
  object["steps"] = run.steps;
  object["time_s"] = run.time.value();
  object["energy_kwh"] = run.kwh;
  object["carbon_kg"]["operational"] = run.operational.value() * 1e-3;
  object["carbon_kg"]["embodied"] = run.embodied.value() * 1e-3;
  object["carbon_kg"]["total"] = run.total.value() * 1e-3;
  object["equivalents"] = Json::array();
  for (const Equivalent& equivalent : equivalents(run.total)) {
    object["equivalents"].push_back(
        {{"what", equivalent.what}, {"count", equivalent.count}, {"source", equivalent.source}});
  }
  return object;
}

std::string training_runs(const std::vector<Json>& runs) {
  if (!runs.front().contains("training_run")) return "";
  const auto values = [&](const char* key) { return values_of(runs, std::string("training_run.") + key); };
  const auto scaled = [&](const char* key, double factor) {
    std::vector<double> all = values(key);
    for (double& value : all) value *= factor;
    return all;
  };
  const std::vector<TableColumn> columns = {words("run", labels_of(runs)),
                                            numbers("time", "h", scaled("time_s", 1.0 / 3600)),
                                            amounts("energy", "Wh", scaled("energy_kwh", 1e3)),
                                            amounts("carbon", "gCO2e", scaled("carbon_kg.total", 1e3))};
  const Json& first = runs.front().at("training_run");
  return fmt::format("A training of {:g} epochs over {} samples: {:.0f} steps\n",
                     first.at("epochs").get<double>(), first.at("samples").get<std::uint64_t>(),
                     first.at("steps").get<double>()) +
         table_text(columns) + "\n" + equivalents_table(runs);
}

}  // namespace nibble
