#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/base/error.hpp"
#include "models/config/catalogue.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/options.hpp"
#include "sim/app/process_pool.hpp"
#include "sim/app/progress.hpp"
#include "sim/published/document.hpp"
#include "sim/report/measured_document.hpp"

namespace nibble {
namespace {

constexpr const char* kHelp = R"(Groups: spyre (kernel times of real silicon, row by row) and the files of configs/published (nibble list validations);
a path of such a file of one's own works, too (schema: configs/published/README.md). Code 1 if a published figure that was verified in a document lies outside of
its band and its row gives no reason; rows marked memory or claim never fail anything.

Without --only all of it runs: three to five minutes on two processors.

Examples:
  nibble validate --only peaks,efficiency,carbon
  nibble validate --only peaks --format csv
  nibble validate --only spyre --measured my_kernels.csv --format json
  nibble validate --only spyre --accelerator my_card.yaml --format csv --output rows.csv)";

constexpr const char* kShippedMeasurements = "configs/measurements/spyre.csv";
constexpr const char* kSilicon = "spyre";

struct ValidateOptions {
  std::vector<std::string> only;
  std::string measured;
  std::string accelerator;
  std::size_t jobs = 0;
  OutputOptions output;
};

/// What is asked for.
struct Selection {
  bool silicon = false;
  std::vector<PublishedGroup> groups;
};

bool concerns_silicon(const ValidateOptions& options) { return !options.measured.empty() || !options.accelerator.empty(); }

/// All groups, unless the options that only silicon has say that it is meant.
std::vector<std::string> default_groups(const ValidateOptions& options) {
  std::vector<std::string> groups{kSilicon};
  if (concerns_silicon(options)) return groups;
  for (const std::string& name : shipped_names(Kind::validation)) groups.push_back(name);
  return groups;
}

Selection select(const ValidateOptions& options) {
  Selection selection;
  std::vector<std::string> seen;
  for (const std::string& name : options.only.empty() ? default_groups(options) : options.only) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      throw InputError("CLI-USAGE", fmt::format("--only: '{}' is given twice", name));
    }
    seen.push_back(name);
    if (name == kSilicon) {
      selection.silicon = true;
      continue;
    }
    selection.groups.push_back(load_published(name));
    check_expressions(selection.groups.back());
  }
  if (!selection.silicon && concerns_silicon(options)) {
    throw InputError("CLI-USAGE", "--measured and --accelerator are for the group spyre", "add it to --only");
  }
  if (selection.silicon && !selection.groups.empty() && options.output.format == "csv") {
    throw InputError("CLI-USAGE", "CSV is one table: kernels of spyre and published figures are two",
                     "choose with --only");
  }
  return selection;
}

Job silicon_job(const ValidateOptions& options) {
  const std::string file =
      options.measured.empty() ? (data_directory() / kShippedMeasurements).string() : options.measured;
  const std::vector<MeasuredKernel> kernels = read_measured_kernels(file);
  const Accelerator accelerator = load_accelerator(options.accelerator.empty() ? kSilicon : options.accelerator);
  const std::string name = std::filesystem::path{file}.filename().string();
  return {kSilicon, [kernels, accelerator, name](const ProgressSink& progress) {
            const auto show = [&](std::size_t done) { progress(done, kernels.size(), kernels[done - 1].op); };
            return measured_document(simulate_measured(kernels, accelerator, show), accelerator.name, name).dump();
          }};
}

std::vector<Job> jobs_of(const ValidateOptions& options, const Selection& selection) {
  std::vector<Job> jobs;
  if (selection.silicon) jobs.push_back(silicon_job(options));
  for (const PublishedRun& run : runs_of(selection.groups)) {
    jobs.push_back({run.name(), [run](const ProgressSink& progress) { return simulate_published(run, progress).dump(); }});
  }
  return jobs;
}

std::vector<std::string> work(const std::vector<Job>& jobs, std::size_t at_once) {
  Progress progress;
  PoolProgress shown;
  if (progress.visible()) {
    shown = [&](std::size_t ended, const std::string& job, std::size_t done, std::size_t total, const std::string& what) {
      progress.show(fmt::format("{} of {} runs done; {}", ended, jobs.size(), progress_line(job, done, total, what)));
    };
  }
  return run_in_processes(jobs, at_once > 0 ? at_once : usable_processors(), shown);
}

/// The silicon's own document when nothing else is asked for, else the published figures with it under `measured`.
struct Documents {
  std::optional<Json> silicon, published;

  [[nodiscard]] std::string text(const std::string& format) const {
    if (format == "json") return json_text(whole());
    if (format == "csv") return silicon ? measured_csv(*silicon) : published_csv(*published);
    std::string text = silicon ? measured_table(*silicon) : "";
    if (published) text += (text.empty() ? "" : "\n") + published_table(*published);
    return text;
  }

 private:
  [[nodiscard]] Json whole() const {
    if (!published) return *silicon;
    Json document = *published;
    if (silicon) document["measured"] = *silicon;
    return document;
  }
};

void validate(const ValidateOptions& options) {
  options.output.check();
  const Selection selection = select(options);
  const std::vector<Job> jobs = jobs_of(options, selection);
  const std::vector<std::string> results = work(jobs, options.jobs);
  Documents documents;
  RunDocuments runs;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (jobs[i].name == kSilicon) {
      documents.silicon = Json::parse(results[i]);
    } else {
      runs[jobs[i].name] = Json::parse(results[i]);
    }
  }
  if (!selection.groups.empty()) documents.published = published_document(selection.groups, runs);
  write_text(documents.text(options.output.format), options.output);
  if (documents.published && documents.published->at("failed").get<std::size_t>() > 0) {
    throw LawError{fmt::format("{} verified figures lie outside of their bands, and their rows give no reason",
                               documents.published->at("failed").get<std::size_t>())};
  }
}

}  // namespace

void add_validate_command(CLI::App& program) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* command =
      program.add_subcommand("validate", "Simulate what was measured or published, and say how far off it is");
  command->footer(kHelp);
  command->add_option("--only", options->only, "Which groups (default: all)")->delimiter(',');
  command->add_option("--measured", options->measured,
                      "For spyre: a CSV of measured kernels with the columns of configs/measurements/spyre.csv");
  command->add_option("-a,--accelerator", options->accelerator,
                      "For spyre: the machine that they were measured on (default: spyre)");
  command->add_option("-j,--jobs", options->jobs, "Runs at the same time (default: as many as processors)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1024}));
  add_output_options(*command, options->output);
  for (const char* unused : {"--layers", "--energy-table"}) command->remove_option(command->get_option(unused));
  command->callback([options] { validate(*options); });
}

}  // namespace nibble
