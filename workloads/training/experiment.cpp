#include "workloads/training/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "models/base/error.hpp"
#include "models/config/catalogue.hpp"
#include "models/config/yaml_reader.hpp"

namespace nibble::training {
namespace {

namespace fs = std::filesystem;

constexpr double kMostLossScale = 1 << 20;

fs::path experiments_folder() { return data_directory() / "configs" / "experiments"; }

/// Length and size of a run; what is not written keeps the value of `base`.
TrainingOptions read_training(const MapReader& map, TrainingOptions base) {
  const auto number = [&](const char* key, std::uint64_t otherwise, std::int64_t least) {
    constexpr std::int64_t kMost = 1'000'000'000;
    return static_cast<std::uint64_t>(map.integer(key, least, kMost, static_cast<std::int64_t>(otherwise)));
  };
  base.epochs = number("epochs", base.epochs, 1);
  base.steps = number("steps", base.steps, 0);
  base.batch = number("batch", base.batch, 1);
  base.samples = number("samples", base.samples, 0);
  base.tests = number("tests", base.tests, 0);
  base.rate = map.number("rate", 0, 100, base.rate);
  base.loss_scale = map.number("loss_scale", 1, kMostLossScale, base.loss_scale);
  base.momentum = map.number("momentum", 0, 1, base.momentum);
  base.decay = map.number("decay", 0, 1, base.decay);
  return base;
}

ArithmeticVariant read_variant(const MapReader& map) {
  constexpr std::int64_t kLongest = 1 << 20;
  ArithmeticVariant variant;
  variant.chunk_length = static_cast<std::uint32_t>(map.integer("chunk_length", 0, kLongest, variant.chunk_length));
  variant.tree_width = static_cast<std::uint32_t>(map.integer("tree_width", 0, kLongest, variant.tree_width));
  variant.grad_scale = map.boolean("grad_scale", variant.grad_scale);
  variant.two_grids = map.boolean("two_grids", variant.two_grids);
  variant.radix2 = map.boolean("radix2", variant.radix2);
  variant.nearest = map.boolean("nearest", variant.nearest);
  return variant;
}

/// claim and points, which say nothing without each other.
void read_claim(const MapReader& map, ExperimentRun& run) {
  constexpr double kMost = 100;
  const std::string claim = map.choice("claim", {"none", "within", "worse"}, "none");
  run.claim = claim == "within" ? Claim::within : claim == "worse" ? Claim::worse : Claim::none;
  run.points = map.number("points", 0, kMost, 0);
  run.paper = map.text("paper", "");
}

std::string recipe_beside(const fs::path& experiment, const std::string& recipe) {
  return recipe.ends_with(".yaml") ? (experiment.parent_path() / recipe).string() : recipe;
}

fs::path experiment_path(const std::string& name_or_path) {
  if (name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".yaml")) return name_or_path;
  const std::vector<std::string> names = shipped_experiments();
  if (std::find(names.begin(), names.end(), name_or_path) == names.end()) {
    throw InputError{"CAT-UNKNOWN", fmt::format("there is no experiment '{}'", name_or_path), words_hint(name_or_path, names)};
  }
  return experiments_folder() / (name_or_path + ".yaml");
}

bool has_run(const Experiment& experiment, const std::string& label) {
  const auto named = [&](const ExperimentRun& run) { return run.label == label; };
  return std::any_of(experiment.runs.begin(), experiment.runs.end(), named);
}

ExperimentRun read_run(const MapReader& map, const fs::path& experiment) {
  ExperimentRun run;
  run.label = map.text("label");
  run.recipe = recipe_beside(experiment, map.text("recipe"));
  run.accelerator = map.text("accelerator", "");
  run.emulation = map.choice("emulation", {"exact", "fast"}, "exact") == "exact" ? Emulation::exact : Emulation::fast;
  run.variant = read_variant(map);
  run.loss_scale = map.number("loss_scale", 0, kMostLossScale, 0);
  read_claim(map, run);
  return run;
}

/// What equal energy needs: steps to multiply its run's joules by, and a machine for each run.
void check_equal_energy(const MapReader& root, const Experiment& experiment) {
  if (experiment.equal_energy.empty()) return;
  const auto problem = [&](const char* key, const std::string& what, const char* hint) { root.problem(key, "CFG-VALUE", what, hint); };
  if (!has_run(experiment, experiment.equal_energy)) {
    problem("equal_energy", fmt::format("no run is called '{}'", experiment.equal_energy), "name one of the runs");
  }
  if (experiment.training.steps == 0 || experiment.quick_training.steps == 0) {
    problem("equal_energy", "its run takes no number of steps", "give 'steps' in full and quick");
  }
  for (const ExperimentRun& run : experiment.runs) {
    if (run.accelerator.empty()) problem("equal_energy", fmt::format("run '{}' has no accelerator", run.label), "give each run one");
  }
}

std::uint64_t read_seeds(const MapReader& map, std::int64_t otherwise) {
  return static_cast<std::uint64_t>(map.integer("seeds", 1, 1000, otherwise));
}

}  // namespace

std::vector<std::string> shipped_experiments() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator{experiments_folder()}) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Experiment load_experiment(const std::string& name_or_path) {
  const fs::path path = experiment_path(name_or_path);
  const YamlFile file = YamlFile::load(path);
  file.require_schema("nibble/experiment/1");
  const MapReader root = file.root();
  Experiment experiment;
  experiment.name = root.text("name");
  experiment.claim = root.text("claim");
  experiment.network = root.text("network");
  experiment.data = root.text("data");
  experiment.training = read_training(root.map("full"), {});
  experiment.seeds = read_seeds(root.map("full"), 3);
  experiment.quick_training = read_training(root.map("quick"), experiment.training);
  experiment.quick_seeds = read_seeds(root.map("quick"), 1);
  for (const MapReader& map : root.maps("runs")) {
    ExperimentRun& run = experiment.runs.emplace_back(read_run(map, path));
    run.against = map.text("against", experiment.runs.front().label);
    if (!has_run(experiment, run.against)) {
      map.problem("against", "CFG-VALUE", fmt::format("no run before this one is called '{}'", run.against), "name an earlier run");
    }
  }
  experiment.equal_energy = root.text("equal_energy", "");
  check_equal_energy(root, experiment);
  file.finish();
  return experiment;
}

Spread spread_of(const std::vector<double>& values) {
  Spread spread;
  spread.count = values.size();
  if (values.empty()) return spread;
  for (const double value : values) spread.mean += value;
  spread.mean /= static_cast<double>(values.size());
  if (values.size() < 2) return spread;
  double squares = 0;
  for (const double value : values) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return spread;
}

double uncertainty(const Spread& ours, const Spread& reference) {
  const auto variance = [](const Spread& s) { return s.deviation * s.deviation / static_cast<double>(s.count); };
  return 2 * std::sqrt(variance(ours) + variance(reference));
}

std::string verdict(const ExperimentRun& run, const Spread& ours, const Spread& reference) {
  if (run.claim == Claim::none) return "-";
  if (ours.count < 2 || reference.count < 2) return "open";
  const double above = ours.mean - reference.mean + run.points;  // of the claim's bound
  if (std::fabs(above) < uncertainty(ours, reference)) return "open";
  return (above > 0) == (run.claim == Claim::within) ? "holds" : "fails";
}

}  // namespace nibble::training
