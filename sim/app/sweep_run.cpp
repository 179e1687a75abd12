#include "sim/app/sweep_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>

#include "models/base/error.hpp"
#include "sim/app/options.hpp"
#include "sim/app/progress.hpp"
#include "sim/sweep/nsga2.hpp"
#include "sim/sweep/result_store.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Examples:
  nibble sweep array-shape --out array.db --limit 2
  nibble sweep array-shape --out array.db --resume --limit 4 --jobs 2
  nibble sweep array-shape --out half.db --shard 1/2 --limit 2

On a cluster, where nibble was built with MPI (rank 0 writes, all ranks simulate; or scripts/sweep.slurm):
  mpirun -n 64 nibble sweep array-shape --out array.db
  mpirun -n 4 --map-by ppr:1:node --bind-to none nibble sweep array-shape --out array.db --jobs 16)";

/// Every shard-count-th point: "2/4" is points 1, 5, 9, ...
struct Shard {
  std::uint64_t index = 0, count = 1;
};

Shard parse_shard(const std::string& text) {
  if (text.empty()) return {};
  std::uint64_t index = 0, count = 0;
  char end = 0;
  if (std::sscanf(text.c_str(), "%lu/%lu%c", &index, &count, &end) != 2 || index < 1 || index > count) {
    throw InputError("CLI-USAGE", fmt::format("--shard: '{}' is no shard", text), "I/N with I from 1 to N, as in 1/4");
  }
  return {index - 1, count};
}

/// One command's work: what is to do, what is done, and how far it is.
class SweepRun {
 public:
  SweepRun(const SweepOptions& options, const MakeWorkers& make_workers)
      : options_{options},
        shard_{parse_shard(options.shard)},
        space_{load_sweep(options.sweep)},
        points_{fixed_points()},
        workers_{make_workers(space_)},
        store_{options.out, space_.sweep(), options.resume} {
    if (options.retry_failed) store_.forget_failed();
    known_ = store_.keys();
    rows_before_ = known_.size();
  }

  void run() {
    if (searches()) {
      search();
    } else {
      evaluate_all(points_);
    }
    print(summary());
  }

 private:
  [[nodiscard]] bool searches() const { return space_.sweep().sampling.method == SweepMethod::nsga2; }

  /// Before the database is made: what cannot be sampled leaves none. None for nsga2, which finds its points on the way.
  [[nodiscard]] std::vector<std::uint64_t> fixed_points() const {
    const SweepSampling& sampling = space_.sweep().sampling;
    if (!searches()) return sample_points(space_.numbers(), sampling);
    if (shard_.count > 1) throw InputError("CLI-USAGE", "--shard: nsga2 needs all results of a generation");
    return {};
  }

  /// Generation by generation; points that the database knows are not simulated again, so that a search which was
  /// interrupted goes the same way.
  void search() {
    const SweepSampling& sampling = space_.sweep().sampling;
    Nsga2 search{space_.numbers(), sampling.population, sampling.seed};
    for (std::uint64_t done = 0; done < sampling.points && !limit_reached(); done += sampling.population) {
      const std::vector<std::uint64_t> points = search.ask();
      if (points.empty()) return;
      evaluate_all(points);
      if (limit_reached()) return;
      std::map<std::uint64_t, Nsga2::Objectives> results;
      for (const std::uint64_t point : points) results[point] = objectives(point);
      search.tell(results);
    }
  }

  /// Over networks and recipes: the mean of the logarithms, so that a large network does not count for more.
  [[nodiscard]] Nsga2::Objectives objectives(std::uint64_t point) {
    const std::vector<std::vector<double>> rows = store_.objectives(point);
    if (rows.empty()) return std::nullopt;
    std::vector<double> means(space_.sweep().objectives.size(), 0);
    for (const auto& row : rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        const double sign = space_.sweep().objectives[i].maximise ? -1 : 1;
        means[i] += sign * std::log(std::max(row[i], 1e-300)) / static_cast<double>(rows.size());
      }
    }
    return means;
  }

  [[nodiscard]] bool limit_reached() const { return options_.limit > 0 && finished_ >= options_.limit; }

  void evaluate_all(const std::vector<std::uint64_t>& points) {
    std::vector<SweepTask> tasks;
    const Sweep& sweep = space_.sweep();
    for (const std::uint64_t point : points) {
      if (point % shard_.count != shard_.index) continue;
      for (std::size_t network = 0; network < sweep.networks.size(); ++network) {
        for (std::size_t recipe = 0; recipe < sweep.recipes.size(); ++recipe) {
          if (known_.contains({point, sweep.networks[network], sweep.recipes[recipe]})) continue;
          if (options_.limit > 0 && finished_ + tasks.size() >= options_.limit) continue;
          tasks.push_back({point, network, recipe});
        }
      }
    }
    std::size_t done = 0;
    workers_->run(tasks, [&](const ResultRow& row) {
      store_.add(row);
      // Only a search asks again for what it has: a hundred thousand keys would be the sweep's largest list.
      if (searches()) known_.emplace(row.at("point"), row.at("network"), row.at("recipe"));
      ++finished_;
      if (row.at("status") == "failed") ++failed_;
      note_best(row);
      progress_.show(line(++done, tasks.size()));
    });
  }

  void note_best(const ResultRow& row) {
    const SweepObjective& first = space_.sweep().objectives.front();
    if (row.at("feasible") != 1) return;
    const double value = row.at(first.metric);
    if (!best_ || first.better(value, *best_)) best_ = value;
  }

  [[nodiscard]] double rate() const {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    return static_cast<double>(finished_) / std::max(seconds, 1e-9);
  }

  [[nodiscard]] std::string line(std::size_t done, std::size_t total) const {
    const std::string best =
        best_ ? fmt::format("; best {} {:.4g}", space_.sweep().objectives.front().metric, *best_) : "";
    return fmt::format("{} of {} rows, {:.3g} a second, {:.0f} s left{}{}", done, total, rate(),
                       static_cast<double>(total - done) / rate(), best,
                       failed_ > 0 ? fmt::format("; {} failed", failed_) : "");
  }

  [[nodiscard]] std::string summary() const {
    return fmt::format("{}: {} new rows in {}, {} failed; {} rows in all\n", space_.sweep().name, finished_,
                       options_.out, failed_, rows_before_ + finished_);
  }

  const SweepOptions& options_;
  Shard shard_;
  DesignSpace space_;
  std::vector<std::uint64_t> points_;
  std::unique_ptr<SweepWorkers> workers_;
  ResultStore store_;
  Progress progress_;
  std::set<ResultStore::Key> known_;
  std::uint64_t rows_before_ = 0, finished_ = 0, failed_ = 0;
  std::optional<double> best_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace

std::chrono::milliseconds SweepOptions::point_timeout() const {
  return std::chrono::milliseconds{static_cast<std::int64_t>(point_timeout_s * 1e3)};
}

CLI::App* add_sweep_options(CLI::App& program, SweepOptions& options) {
  CLI::App* command = program.add_subcommand("sweep", "Simulate the points of a design space into a database");
  command->footer(kExamples);
  command->add_option("sweep", options.sweep, "Shipped sweep or a YAML file of one's own")->required();
  command->add_option("-o,--out", options.out, "SQLite database of the results")->capture_default_str();
  command->add_option("-j,--jobs", options.jobs,
                      "Processes at the same time (default: as many as processors; under mpirun 1 in each rank)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1024}));
  command->add_option("--limit", options.limit, "Stop after so many new rows");
  command->add_flag("--resume", options.resume, "Go on with a database that is there");
  command->add_flag("--retry-failed", options.retry_failed, "With --resume: try points again that failed")
      ->needs(command->get_option("--resume"));
  command->add_option("--point-timeout", options.point_timeout_s, "Seconds that one row may take (default: any)")
      ->check(CLI::Range(0.001, 1e6));
  command->add_option("--shard", options.shard, "I/N: only the I-th of N parts; nibble merge joins them");
  return command;
}

void run_sweep(const SweepOptions& options, const MakeWorkers& make_workers) { SweepRun{options, make_workers}.run(); }

}  // namespace nibble
