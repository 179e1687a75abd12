#include "sim/app/training/reproduce_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <thread>

#include "models/config/recipe.hpp"
#include "sim/app/forked_jobs.hpp"
#include "sim/app/options.hpp"
#include "sim/app/progress.hpp"
#include "sim/app/training/equal_energy.hpp"
#include "sim/report/text_table.hpp"
#include "workloads/training/experiment.hpp"

namespace nibble {
namespace {

using namespace training;

constexpr const char* kExamples = R"(Examples:
  nibble reproduce --quick
  nibble reproduce --only 4-bit-2020 --out my-reproduction
  nibble reproduce --format markdown

Trains every run of every experiment (configs/experiments) once a seed, in as many processes as there are cores. Each
finished epoch is kept below --out: the same command goes on where it was stopped, and ends at once when all is done.
Without --only, experiments whose data is not there are left out, and said to be.

Verdicts: a claim of "within D" holds where the difference of the means is above -D, "worse" where it is below; within
twice the standard error of that difference it is open, and so it is with one seed.)";

struct ReproduceOptions {
  std::vector<std::string> only;
  std::string out = "reproduction", format = "table";
  bool quick = false;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
};

/// One training: a run of an experiment with one seed.
struct Job {
  const Experiment* experiment = nullptr;
  const ExperimentRun* run = nullptr;
  std::uint64_t seed = 0;
};

class Reproduction {
 public:
  explicit Reproduction(const ReproduceOptions& options) : options_{options} {
    for (const std::string& name : options.only.empty() ? shipped_experiments() : options.only) {
      Experiment experiment = load_experiment(name);
      if (load_data(experiment)) experiments_.push_back(std::move(experiment));
    }
    if (experiments_.empty()) throw InputError{"DATA-MISSING", "no experiment has its data", left_out()};
    for (const Experiment& experiment : experiments_) {
      share_energy(experiment);
      for (const ExperimentRun& run : experiment.runs) {
        static_cast<void>(load_recipe(run.recipe));  // a wrong file is refused before the first hour
        for (std::uint64_t seed = 0; seed < seeds(experiment); ++seed) jobs_.push_back({&experiment, &run, seed});
      }
    }
  }

  void run() const {
    if (!missing_.empty()) std::cerr << left_out() << '\n';
    Progress progress;
    run_forked(jobs_.size(), options_.jobs, [&](std::size_t i) { static_cast<void>(train(jobs_[i])); },
               [&](std::size_t done) { progress.show(progress_line("trainings", done, jobs_.size(), "")); });
  }

  [[nodiscard]] std::string text() const {
    std::string all;
    double seconds = 0;
    for (const Experiment& experiment : experiments_) all += table(experiment, seconds);
    constexpr double kHour = 3600;
    if (!missing_.empty()) all += left_out() + "\n";
    return all + fmt::format("{} trainings took {:.2f} hours of a core, as the clock on the wall went.\n", jobs_.size(), seconds / kHour);
  }

 private:
  struct Row {
    const ExperimentRun* run = nullptr;
    std::vector<double> accuracy;
    double seconds = 0;
  };

  /// Whether an experiment's data is there. It must be where the experiment was asked for; of all, those without are left out.
  bool load_data(const Experiment& experiment) {
    const std::string& data = experiment.data;
    try {
      if (!data_.contains(data)) data_.emplace(data, load_dataset(data));
      return true;
    } catch (const InputError& error) {
      if (!options_.only.empty() || error.problems().front().id != "DATA-MISSING") throw;
      missing_[data].push_back(experiment.name);
      return false;
    }
  }

  /// Which experiments were, and how to get their data.
  [[nodiscard]] std::string left_out() const {
    std::vector<std::string> sets, names;
    for (const auto& [data, experiments] : missing_) {
      sets.push_back(data);
      names.insert(names.end(), experiments.begin(), experiments.end());
    }
    return fmt::format("Left out, since their data is not there: {}. To get it: scripts/fetch_data.sh {}", fmt::join(names, ", "),
                       fmt::join(sets, " "));
  }

  void share_energy(const Experiment& experiment) {
    if (experiment.equal_energy.empty()) return;
    const std::vector<EnergyShare> shares = energy_shares(experiment, length(experiment));
    for (std::size_t i = 0; i < shares.size(); ++i) shares_.emplace(&experiment.runs[i], shares[i]);
  }

  [[nodiscard]] std::uint64_t seeds(const Experiment& e) const { return options_.quick ? e.quick_seeds : e.seeds; }
  [[nodiscard]] const TrainingOptions& length(const Experiment& e) const { return options_.quick ? e.quick_training : e.training; }

  /// Goes on from what is kept; all epochs. What a checkpoint was made with is checked as it is read.
  [[nodiscard]] std::vector<EpochResult> train(const Job& job) const {
    const std::filesystem::path folder = std::filesystem::path{options_.out} / (options_.quick ? "quick" : "full") /
                                         job.experiment->name / job.run->label / fmt::format("seed{}", job.seed);
    TrainingOptions training = length(*job.experiment);
    training.seed = job.seed;
    training.emulation = job.run->emulation;
    training.variant = job.run->variant;
    if (const auto share = shares_.find(job.run); share != shares_.end()) training.steps = share->second.steps;
    if (job.run->loss_scale != 0) training.loss_scale = job.run->loss_scale;
    Trainer trainer{load_network(job.experiment->network), load_recipe(job.run->recipe), data_.at(job.experiment->data),
                    training, folder};
    return trainer.run();
  }

  [[nodiscard]] std::vector<Row> rows_of(const Experiment& experiment) const {
    std::vector<Row> rows;
    for (const ExperimentRun& run : experiment.runs) {
      Row& row = rows.emplace_back(Row{&run, {}, 0});
      for (std::uint64_t seed = 0; seed < seeds(experiment); ++seed) {
        const std::vector<EpochResult> results = train({&experiment, &run, seed});
        row.accuracy.push_back(100 * results.back().test_accuracy);
        for (const EpochResult& result : results) row.seconds += result.seconds;
      }
    }
    return rows;
  }

  /// A row of the table, each cell behind its column's head.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> cells_of(const Row& row, const std::vector<Row>& rows) const {
    const ExperimentRun& run = *row.run;
    const Spread ours = spread_of(row.accuracy);
    const auto reference = std::find_if(rows.begin(), rows.end(), [&](const Row& other) { return other.run->label == run.against; });
    const Spread theirs = spread_of(reference->accuracy);
    std::vector<std::pair<std::string, std::string>> cells{{"run", run.label},
                                                           {"recipe", std::filesystem::path{run.recipe}.stem().string()},
                                                           {"emulation", run.emulation == Emulation::exact ? "exact" : "fast"}};
    if (const auto share = shares_.find(&run); share != shares_.end()) {
      const auto& [step_j, steps] = share->second;
      cells.insert(cells.end(), {{"uJ a step", fmt::format("{:.0f}", 1e6 * step_j)}, {"steps", fmt::format("{}", steps)},
                                 {"mJ", fmt::format("{:.1f}", 1e3 * step_j * static_cast<double>(steps))}});
    }
    cells.insert(cells.end(), {{"mean %", fmt::format("{:.2f}", ours.mean)},
                               {"deviation", ours.count < 2 ? "-" : fmt::format("{:.2f}", ours.deviation)},
                               {"against", run.against},
                               {"difference", fmt::format("{:+.2f}", ours.mean - theirs.mean)},
                               {"2 errors", ours.count < 2 ? "-" : fmt::format("{:.2f}", uncertainty(ours, theirs))},
                               {"claim", run.claim == Claim::none ? "-" : fmt::format("{} {}", run.claim == Claim::within ? "within" : "worse by", run.points)},
                               {"verdict", verdict(run, ours, theirs)},
                               {"paper", run.paper}});
    return cells;
  }

  /// What all runs of an experiment share.
  [[nodiscard]] std::string size_text(const Experiment& experiment) const {
    const TrainingOptions& training = length(experiment);
    const std::string samples = training.samples == 0 ? "all" : fmt::format("{}", training.samples);
    const std::string steps = experiment.equal_energy.empty()
                                  ? fmt::format("{} epochs", training.epochs)
                                  : fmt::format("the joules of {} steps of {} for each run,", training.steps, experiment.equal_energy);
    return fmt::format("{} on {}, {} samples, {} of batches of {}, {} seeds; test accuracy", experiment.network, experiment.data, samples,
                       steps, training.batch, seeds(experiment));
  }

  [[nodiscard]] std::string table(const Experiment& experiment, double& seconds) const {
    const std::vector<Row> rows = rows_of(experiment);
    std::vector<std::vector<std::string>> cells(1);
    for (const Row& row : rows) {
      seconds += row.seconds;
      std::vector<std::string>& line = cells.emplace_back();
      for (auto& [head, cell] : cells_of(row, rows)) {
        line.push_back(cell);
        if (cells.size() == 2) cells.front().push_back(head);
      }
    }
    const std::string what = size_text(experiment);
    if (options_.format == "markdown") return fmt::format("### {}\n\n{}.\n{}.\n\n{}\n", experiment.name, experiment.claim, what, markdown(cells));
    return fmt::format("{}: {}\n{}\n\n{}\n", experiment.name, experiment.claim, what, plain(cells));
  }

  static std::string markdown(const std::vector<std::vector<std::string>>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += fmt::format("| {} |\n", fmt::join(cells[i], " | "));
      if (i > 0) continue;
      text += "|";
      for (std::size_t c = 0; c < cells[i].size(); ++c) text += "---|";
      text += "\n";
    }
    return text;
  }

  static std::string plain(const std::vector<std::vector<std::string>>& cells) {
    std::vector<TableColumn> columns;
    for (std::size_t c = 0; c < cells.front().size(); ++c) {
      std::vector<std::string> column;
      for (std::size_t row = 1; row < cells.size(); ++row) column.push_back(cells[row][c]);
      columns.push_back(words(cells.front()[c], std::move(column)));
    }
    return table_text(columns);
  }

  ReproduceOptions options_;
  std::vector<Experiment> experiments_;
  std::map<std::string, Dataset> data_;
  std::map<std::string, std::vector<std::string>> missing_;  ///< experiments by the data that they lack
  std::map<const ExperimentRun*, EnergyShare> shares_;  ///< of runs at equal energy
  std::vector<Job> jobs_;
};

}  // namespace

void add_reproduce_command(CLI::App& program) {
  auto options = std::make_shared<ReproduceOptions>();
  CLI::App* command = program.add_subcommand("reproduce", "Train what the papers trained, and compare with their claims");
  command->footer(kExamples);
  command->add_option("--only", options->only, "Experiments, by name or file (all shipped ones)");
  command->add_option("--out", options->out, "Folder that keeps finished epochs (reproduction)");
  command->add_option("--jobs", options->jobs, "Trainings at a time (as many as there are cores)")->check(CLI::Range(1U, 1024U));
  command->add_option("--format", options->format, "table or markdown (table)")->check(CLI::IsMember({"table", "markdown"}));
  command->add_flag("--quick", options->quick, "Fewer samples, epochs and seeds");
  command->callback([options] {
    const Reproduction reproduction{*options};
    reproduction.run();
    print(reproduction.text());
  });
}

}  // namespace nibble
