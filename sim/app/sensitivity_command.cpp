#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "models/config/technology.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/options.hpp"
#include "sim/app/process_pool.hpp"
#include "sim/report/text_table.hpp"
#include "sim/system/simulate.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Each constant is changed by 20 % down and up, alone; times are simulated again.

Examples:
  nibble sensitivity --network resnet50 --accelerator rapid --recipe hfp8 --batch 64
  nibble sensitivity --network bert-base --recipe int4 --mode inference --batch 1 --format json
  nibble sensitivity --network resnet18 --accelerator my_chip.yaml --batch 8)";

constexpr double kChange = 0.2;

/// A constant that can be scaled; energies do not change the simulated time, so they need no run of their own.
struct TimingConstant {
  const char* name;
  std::function<void(Accelerator&, double)> scale;
};

const std::vector<TimingConstant>& timing_constants() {
  static const std::vector<TimingConstant> constants{
      {"memory.bandwidth", [](Accelerator& a, double f) { a.memory.bandwidth = a.memory.bandwidth * f; }},
      {"memory.latency", [](Accelerator& a, double f) { a.memory.latency = a.memory.latency * f; }},
      {"memory.turnaround", [](Accelerator& a, double f) { a.memory.turnaround = a.memory.turnaround * f; }},
      {"ring.bandwidth", [](Accelerator& a, double f) { a.ring.bandwidth = a.ring.bandwidth * f; }},
      {"ring.psum_bandwidth", [](Accelerator& a, double f) { a.ring.psum_bandwidth = a.ring.psum_bandwidth * f; }},
      {"core.l1.corelet_bandwidth",
       [](Accelerator& a, double f) { a.core.l1.corelet_bandwidth = a.core.l1.corelet_bandwidth * f; }},
      {"die_area", [](Accelerator& a, double f) { a.die_area = a.die_area * f; }},
      {"clock", [](Accelerator& a, double f) { a.clock = a.clock * f; }},
  };
  return constants;
}

struct SensitivityOptions {
  StepOptions step;
  OutputOptions output;
  std::string accelerator = "rapid";
  std::string recipe = "hfp8";
};

Json entry_of(const std::string& constant, const std::string& source, double lower, double upper, double base) {
  return {{"constant", constant}, {"source", source},
          {"energy_j_lower", lower}, {"energy_j_upper", upper},
          {"change_lower", lower / base - 1}, {"change_upper", upper / base - 1}};
}

/// An energy constant enters the total in proportion to its count.
void add_energies(const Json& run, double base, Json& rows) {
  for (const Json& row : run.at("energy_table")) {
    const double part = row.at("energy_j").get<double>() * kChange;
    rows.push_back(entry_of(row.at("event"), row.at("source"), base - part, base + part, base));
  }
}

Json sensitivity_document(const SensitivityOptions& options) {
  const RunRequest request = options.step.request(options.recipe, options.accelerator);
  std::vector<Job> jobs{{"base", [request](const ProgressSink&) {
                           return run_document(simulate(request), {.energy_table = true}).dump();
                         }}};
  for (const TimingConstant& constant : timing_constants()) {
    for (const double factor : {1 - kChange, 1 + kChange}) {
      jobs.push_back({constant.name, [request, &constant, factor](const ProgressSink&) {
                        SimulationInputs inputs = load_inputs(request);
                        constant.scale(inputs.accelerator, factor);
                        return run_document(simulate(request, inputs)).dump();
                      }});
    }
  }
  const std::vector<std::string> results = run_in_processes(jobs, usable_processors());
  const Json run = Json::parse(results.front());
  const auto energy = [&](std::size_t i) { return Json::parse(results[i]).at("energy_j").at("total").get<double>(); };
  const double base = energy(0);
  Json rows = Json::array();
  add_energies(run, base, rows);
  for (std::size_t i = 0; i < timing_constants().size(); ++i) {
    rows.push_back(entry_of(timing_constants()[i].name, "accelerator", energy(1 + 2 * i), energy(2 + 2 * i), base));
  }
  const auto swing = [](const Json& row) {
    return std::abs(row.at("energy_j_upper").get<double>() - row.at("energy_j_lower").get<double>());
  };
  std::stable_sort(rows.begin(), rows.end(), [&](const Json& a, const Json& b) { return swing(a) > swing(b); });
  Json document;
  document["schema"] = "nibble/sensitivity/1";
  for (const char* key : {"program", "network", "accelerator", "recipe", "mode", "batch"}) document[key] = run.at(key);
  document["energy_j"] = base;
  document["change"] = kChange;
  document["constants"] = std::move(rows);
  return document;
}

std::string tornado(const Json& document) {
  std::vector<std::string> names, sources, bars;
  std::vector<double> lower, upper;
  const auto values = [&](const Json& row, const char* key) { return row.at(key).get<double>(); };
  double widest = 0;
  for (const Json& row : document.at("constants")) {
    widest = std::max(widest, std::abs(values(row, "change_upper") - values(row, "change_lower")));
  }
  for (const Json& row : document.at("constants")) {
    names.push_back(row.at("constant"));
    sources.push_back(row.at("source"));
    lower.push_back(values(row, "change_lower"));
    upper.push_back(values(row, "change_upper"));
    const double share = std::abs(upper.back() - lower.back()) / widest;
    bars.push_back(std::string(static_cast<std::size_t>(std::lround(30 * share)), '#'));
  }
  return fmt::format("Energy of the step: {}; each constant 20 % down and up\n",
                     amount_text(document.at("energy_j").get<double>(), "J")) +
         table_text({words("constant", names), percents("at -20 %", lower), percents("at +20 %", upper),
                     words("source", sources), words("", bars)});
}

}  // namespace

void add_sensitivity_command(CLI::App& program) {
  auto options = std::make_shared<SensitivityOptions>();
  CLI::App* command = program.add_subcommand(
      "sensitivity", "How much each energy and timing constant moves the energy of a step: a tornado table");
  command->footer(kExamples);
  command->add_option("-a,--accelerator", options->accelerator, "Shipped machine or a YAML file of one's own")
      ->capture_default_str();
  command->add_option("-r,--recipe", options->recipe, "Which tensor has which number format")->capture_default_str();
  add_step_options(*command, options->step);
  add_output_options(*command, options->output);
  for (const char* unused : {"--samples", "--epochs", "--layers", "--energy-table", "--format"}) {
    command->remove_option(command->get_option(unused));
  }
  command->add_option("-f,--format", options->output.format, "table or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"table", "json"}));
  command->callback([options] {
    options->output.check();
    const Json document = sensitivity_document(*options);
    write_text(options->output.format == "json" ? json_text(document) : tornado(document), options->output);
  });
}

}  // namespace nibble
