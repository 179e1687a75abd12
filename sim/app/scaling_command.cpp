#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "models/base/error.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/options.hpp"
#include "sim/app/process_pool.hpp"
#include "sim/system/simulate.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Weak scaling gives every chip --batch samples; strong scaling shares --batch samples among all chips, as far as
they divide. One chip's program and the exchange are simulated, whatever the number of chips: all do the same.

Examples:
  nibble scaling --network resnet50 --accelerator rapid-train32 --batch 128 --chips 1,2,4,8,16
  nibble scaling --accelerator a100 --recipe bf16 --batch 256 --chips 1,2,4,8 --kind weak --format csv
  nibble scaling --network resnet18 --batch 64 --chips 1,1024 --kind weak)";

struct ScalingOptions {
  StepOptions step;
  OutputOptions output;
  std::string accelerator = "rapid-train32";
  std::string recipe = "hfp8";
  std::string kind = "both";
  std::vector<std::uint32_t> chips{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
};

/// A batch cannot be shared by more chips than it has samples: such points of strong scaling are left out.
bool possible(const ScalingOptions& options, const std::string& kind, std::uint32_t chips) {
  return kind == "weak" || options.step.batch % chips == 0;
}

Job job_of(const ScalingOptions& options, const std::string& kind, std::uint32_t chips) {
  RunRequest request = options.step.request(options.recipe, options.accelerator);
  request.chips = chips;
  if (kind == "weak") request.batch *= chips;
  return {fmt::format("{} scaling, {} chips", kind, chips),
          [request](const ProgressSink& progress) { return run_document(simulate(request, {.progress = progress})).dump(); }};
}

std::vector<ScalingSeries> simulate_series(const ScalingOptions& options) {
  std::vector<Job> jobs;
  std::vector<std::size_t> owners;
  std::vector<ScalingSeries> series;
  for (const char* kind : {"weak", "strong"}) {
    if (options.kind != "both" && options.kind != kind) continue;
    for (const std::uint32_t chips : options.chips) {
      if (!possible(options, kind, chips)) continue;
      if (series.empty() || series.back().name != kind) series.push_back({kind, {}});
      owners.push_back(series.size() - 1);
      jobs.push_back(job_of(options, kind, chips));
    }
  }
  if (jobs.empty()) {
    throw InputError("CLI-USAGE", fmt::format("--batch {} divides among none of --chips", options.step.batch));
  }
  const std::vector<std::string> results = run_in_processes(jobs, usable_processors());
  for (std::size_t i = 0; i < results.size(); ++i) series[owners[i]].runs.push_back(Json::parse(results[i]));
  return series;
}

}  // namespace

void add_scaling_command(CLI::App& program) {
  auto options = std::make_shared<ScalingOptions>();
  CLI::App* command =
      program.add_subcommand("scaling", "Simulate the same training on more and more chips: weak and strong scaling");
  command->footer(kExamples);
  command->add_option("-a,--accelerator", options->accelerator, "Machine with links between its chips")
      ->capture_default_str();
  command->add_option("-r,--recipe", options->recipe, "Which tensor has which number format")->capture_default_str();
  add_step_options(*command, options->step);
  add_output_options(*command, options->output);
  for (const char* single : {"--chips", "--samples", "--epochs", "--layers", "--energy-table"}) {
    command->remove_option(command->get_option(single));
  }
  command->add_option("--chips", options->chips, "Numbers of chips; efficiencies are to the first")
      ->delimiter(',')
      ->check(CLI::Range(1U, 65536U))
      ->capture_default_str();
  command->add_option("--kind", options->kind, "weak, strong or both")
      ->capture_default_str()
      ->check(CLI::IsMember({"weak", "strong", "both"}));
  command->callback([options] {
    options->output.check();
    write_document(scaling_document(simulate_series(*options)), options->output);
  });
}

}  // namespace nibble
