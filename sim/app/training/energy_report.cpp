#include "sim/app/training/energy_report.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "models/base/error.hpp"
#include "sim/app/process_pool.hpp"
#include "sim/report/text_table.hpp"
#include "sim/system/simulate.hpp"

namespace nibble {
namespace {

/// What `value` says of each run.
template <typename Value>
std::vector<double> of_runs(const Json& runs, Value value) {
  std::vector<double> values;
  for (const Json& run : runs) values.push_back(value(run));
  return values;
}

double steps_of(const Json& run) { return run.at("training_run").at("steps").get<double>(); }

/// Of all steps, at the chip and its memory, as `nibble run` has it: what cooling and supply add is in the carbon.
double joules_of(const Json& run) { return run.at("energy_j").at("total").get<double>() * steps_of(run); }

}  // namespace

std::vector<ChargedRun> charged_runs(const std::vector<std::string>& texts, const std::string& trained) {
  std::vector<ChargedRun> runs;
  std::set<std::pair<std::string, std::string>> seen;
  for (const std::string& text : texts) {
    const std::size_t at = text.rfind('@');
    ChargedRun run{trained, text};
    if (at != std::string::npos) run = {text.substr(0, at), text.substr(at + 1)};
    if (run.recipe.empty() || run.accelerator.empty() || !seen.emplace(run.recipe, run.accelerator).second) {
      throw InputError{"CLI-USAGE", fmt::format("--energy: '{}' is no run, or is given twice", text),
                       "a run is accelerator or recipe@accelerator, as in rapid-fp4,fp16@rapid"};
    }
    runs.push_back(std::move(run));
  }
  return runs;
}

std::vector<Json> step_documents(const std::vector<ChargedRun>& runs, const Network& network, std::uint64_t batch,
                                 const std::string& grid, const std::optional<TrainingLength>& length) {
  std::vector<Job> jobs;
  for (const ChargedRun& run : runs) {
    RunRequest request;
    request.network = network.file;
    request.accelerator = run.accelerator;
    request.recipe = run.recipe;
    request.grid = grid;
    request.batch = batch;
    jobs.push_back({run.recipe + "@" + run.accelerator, [=](const ProgressSink& progress) {
                      SimulationInputs inputs = load_inputs(request);
                      inputs.network = network;
                      DocumentOptions contents;
                      contents.training = length;
                      return run_document(simulate(request, inputs, {.progress = progress}), contents).dump();
                    }});
  }
  std::vector<Json> documents;
  for (const std::string& text : run_in_processes(jobs, usable_processors())) documents.push_back(Json::parse(text));
  return documents;
}

Json training_costs(const std::vector<ChargedRun>& runs, const Network& network, std::uint64_t batch,
                     const std::string& grid, const TrainingLength& length) {
  return compare_document(step_documents(runs, network, batch, grid, length));
}

std::string training_cost_table(const Json& document) {
  const Json& runs = document.at("runs");
  std::vector<std::string> labels;
  for (const Json& run : runs) labels.push_back(run_label(run));
  const Json& first = runs.front();
  const double samples = first.at("training_run").at("epochs").get<double>() * first.at("training_run").at("samples").get<double>();
  const auto grams = [](const Json& run) { return 1e3 * run.at("training_run").at("carbon_kg").at("total").get<double>(); };
  const auto seconds = [](const Json& run) { return run.at("training_run").at("time_s").get<double>(); };
  return fmt::format("This training simulated, with the zeros that it had: {:.0f} steps\n", steps_of(first)) +
         table_text({words("run", labels), amounts("time", "s", of_runs(runs, seconds)),
                     amounts("energy", "J", of_runs(runs, joules_of)),
                     amounts("a sample", "J", of_runs(runs, [=](const Json& run) { return joules_of(run) / samples; })),
                     amounts("carbon", "gCO2e", of_runs(runs, grams))});
}

}  // namespace nibble
