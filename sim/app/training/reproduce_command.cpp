#include "sim/app/training/reproduce_command.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "models/config/recipe.hpp"
#include "sim/app/options.hpp"
#include "sim/app/progress.hpp"
#include "sim/report/text_table.hpp"
#include "workloads/training/experiment.hpp"

namespace nibble {
namespace {

using namespace training;

constexpr const char* kExamples = R"(Examples:
  nibble reproduce --quick
  nibble reproduce --only 4-bit-2020 --out my-reproduction

Trains every run of every experiment (configs/experiments) once a seed. Each finished epoch is kept below --out: the same
command goes on where it was stopped, and ends at once when all is done.)";

struct ReproduceOptions {
  std::vector<std::string> only;
  std::string out = "reproduction";
  bool quick = false;
};

struct Row {
  ExperimentRun run;
  std::vector<double> accuracy;
  double seconds = 0;
};

/// Where a run is kept: what a checkpoint was made with is checked when it is read.
std::filesystem::path folder_of(const ReproduceOptions& options, const Experiment& experiment, const ExperimentRun& run,
                                std::uint64_t seed) {
  return std::filesystem::path{options.out} / (options.quick ? "quick" : "full") / experiment.name / run.label /
         fmt::format("seed{}", seed);
}

Row train_row(const ReproduceOptions& options, const Experiment& experiment, const ExperimentRun& run,
              const Dataset& data) {
  Row row{run, {}, 0};
  const Network network = load_network(experiment.network);
  const Recipe recipe = load_recipe(run.recipe);
  const std::uint64_t seeds = options.quick ? experiment.quick_seeds : experiment.seeds;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    TrainingOptions training = options.quick ? experiment.quick_training : experiment.training;
    training.seed = seed;
    training.emulation = run.emulation;
    training.variant = run.variant;
    Progress progress;
    Trainer trainer{network, recipe, data, training, folder_of(options, experiment, run, seed)};
    const auto results = trainer.run([&](const StepProgress& at) {
      progress.show(progress_line(fmt::format("{} {} seed {} epoch {}/{}", experiment.name, run.label, seed, at.epoch, at.epochs),
                                  at.step, at.steps, fmt::format("loss {:.3f}", at.loss)));
    });
    row.accuracy.push_back(100 * results.back().test_accuracy);
    for (const EpochResult& result : results) row.seconds += result.seconds;
  }
  return row;
}

std::string table(const Experiment& experiment, const TrainingOptions& training, const std::vector<Row>& rows) {
  std::vector<std::string> labels, recipes, means, deviations, differences, seeds, seconds;
  const double baseline = spread_of(rows.front().accuracy).mean;
  for (const Row& row : rows) {
    const Spread spread = spread_of(row.accuracy);
    labels.push_back(row.run.label);
    recipes.push_back(fmt::format("{}, {}", std::filesystem::path{row.run.recipe}.stem().string(), row.run.emulation == Emulation::exact ? "exact" : "fast"));
    means.push_back(fmt::format("{:.2f}", spread.mean));
    deviations.push_back(row.accuracy.size() < 2 ? "-" : fmt::format("{:.2f}", spread.deviation));
    differences.push_back(fmt::format("{:+.2f}", spread.mean - baseline));
    seeds.push_back(fmt::format("{}", row.accuracy.size()));
    seconds.push_back(fmt::format("{:.0f}", row.seconds));
  }
  const std::string samples = training.samples == 0 ? "all" : fmt::format("{}", training.samples);
  return fmt::format("{}: {}\n{} on {}, {} samples, {} epochs of batches of {}; test accuracy in %\n\n", experiment.name,
                     experiment.claim, experiment.network, experiment.data, samples, training.epochs, training.batch) +
         table_text({words("run", labels), words("recipe, emulation", recipes), words("mean", means),
                     words("deviation", deviations), words("against first", differences), words("seeds", seeds),
                     words("time s", seconds)}) + "\n";
}

void reproduce(const ReproduceOptions& options) {
  for (const std::string& name : options.only.empty() ? shipped_experiments() : options.only) {
    const Experiment experiment = load_experiment(name);
    const Dataset data = load_dataset(experiment.data);
    std::vector<Row> rows;
    for (const ExperimentRun& run : experiment.runs) rows.push_back(train_row(options, experiment, run, data));
    print(table(experiment, options.quick ? experiment.quick_training : experiment.training, rows));
  }
}

}  // namespace

void add_reproduce_command(CLI::App& program) {
  auto options = std::make_shared<ReproduceOptions>();
  CLI::App* command = program.add_subcommand("reproduce", "Train what the papers trained, and compare with their claims");
  command->footer(kExamples);
  command->add_option("--only", options->only, "Experiments, by name or file (all shipped ones)");
  command->add_option("--out", options->out, "Folder that keeps finished epochs (reproduction)");
  command->add_flag("--quick", options->quick, "Fewer samples, epochs and seeds");
  command->callback([options] { reproduce(*options); });
}

}  // namespace nibble
