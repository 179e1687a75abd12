#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "models/base/error.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/options.hpp"
#include "sim/app/process_pool.hpp"
#include "sim/app/progress.hpp"
#include "sim/system/simulate.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Examples:
  nibble compare --network resnet50 --batch 64 --runs fp32@rapid-fp32,fp16@rapid,hfp8@rapid,fp4@rapid-fp4
  nibble compare --network bert-base --batch 8 --accelerator rapid --recipes fp16,hfp8
  nibble compare --accelerator rapid --recipes fp16,int4,int2 --mode inference --batch 1 --baseline fp16
  nibble compare --accelerator rapid --recipes fp16,hfp8 --batch 8 --operating-point low
  nibble compare --runs fp16@rapid,fp4@rapid-fp4 --samples 1281167 --epochs 90 --grid usa --format json)";

/// What is compared when nobody says: each precision on the machine of its generation.
constexpr const char* kDefaultRuns[] = {"fp32@rapid-fp32", "fp16@rapid", "hfp8@rapid", "fp4@rapid-fp4"};

struct CompareOptions {
  StepOptions step;
  OutputOptions output;
  std::vector<std::string> runs;
  std::string accelerator;
  std::vector<std::string> recipes;
  std::string baseline;
  std::size_t jobs = 0;
};

/// What one run of the comparison is of.
struct Pair {
  std::string recipe, accelerator;
};

Pair parse_run(const std::string& text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string::npos || at == 0 || at + 1 == text.size()) {
    throw InputError("CLI-USAGE", fmt::format("--runs: '{}' is not a run", text),
                     "a run is recipe@accelerator, as in fp16@rapid");
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

/// The same run twice has nothing to compare, and its ratios would have one name.
void check_distinct(const std::vector<Pair>& pairs) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const Pair& pair : pairs) {
    if (!seen.emplace(pair.recipe, pair.accelerator).second) {
      throw InputError("CLI-USAGE",
                       fmt::format("the run {}@{} is given twice", pair.recipe, pair.accelerator));
    }
  }
}

std::vector<Pair> pairs_of(const CompareOptions& options) {
  std::vector<Pair> pairs;
  for (const std::string& run : options.runs) pairs.push_back(parse_run(run));
  for (const std::string& recipe : options.recipes) pairs.push_back({recipe, options.accelerator});
  if (pairs.empty()) {
    for (const char* run : kDefaultRuns) pairs.push_back(parse_run(run));
  }
  check_distinct(pairs);
  return pairs;
}

std::vector<Job> jobs_of(const std::vector<Pair>& pairs, const CompareOptions& options) {
  const DocumentOptions contents = options.output.document(options.step);
  std::vector<Job> jobs;
  for (const Pair& pair : pairs) {
    const RunRequest request = options.step.request(pair.recipe, pair.accelerator);
    jobs.push_back({pair.recipe + "@" + pair.accelerator, [request, contents](const ProgressSink& progress) {
                      return run_document(simulate(request, {.progress = progress}), contents).dump();
                    }});
  }
  return jobs;
}

void compare(const CompareOptions& options) {
  options.output.check();
  const std::vector<Job> jobs = jobs_of(pairs_of(options), options);
  std::vector<Json> runs;
  {
    Progress progress;
    PoolProgress shown;
    if (progress.visible()) {
      shown = [&](std::size_t ended, const std::string& job, std::size_t done, std::size_t total,
                  const std::string& what) {
        progress.show(
            fmt::format("{} of {} runs done; {}", ended, jobs.size(), progress_line(job, done, total, what)));
      };
    }
    const std::size_t at_once = options.jobs > 0 ? options.jobs : usable_processors();
    for (const std::string& run : run_in_processes(jobs, at_once, shown)) runs.push_back(Json::parse(run));
  }
  const std::optional<std::string> baseline =
      options.baseline.empty() ? std::nullopt : std::optional{options.baseline};
  write_document(compare_document(std::move(runs), baseline), options.output);
}

}  // namespace

void add_compare_command(CLI::App& program) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = program.add_subcommand(
      "compare", "Simulate the same step with several recipes and machines, side by side");
  command->footer(kExamples);
  CLI::Option* runs =
      command
          ->add_option(
              "--runs", options->runs,
              "What to compare: recipe@accelerator, ... (default: fp32@rapid-fp32, fp16@rapid, hfp8@rapid, "
              "fp4@rapid-fp4)")
          ->delimiter(',');
  CLI::Option* accelerator = command->add_option("-a,--accelerator", options->accelerator,
                                                 "Short form: one machine for all --recipes");
  CLI::Option* recipes =
      command->add_option("--recipes", options->recipes, "Short form: recipes on that machine")
          ->delimiter(',');
  runs->excludes(accelerator, recipes);
  recipes->needs(accelerator);
  accelerator->needs(recipes);
  command->add_option(
      "--baseline", options->baseline,
      "The run that ratios are taken to, by its recipe or as recipe@accelerator (default: the runs of "
      "recipes fp16 and fp32)");
  command->add_option("-j,--jobs", options->jobs, "Runs at the same time (default: as many as processors)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1024}));
  add_step_options(*command, options->step);
  add_output_options(*command, options->output);
  command->callback([options] { compare(*options); });
}

}  // namespace nibble
