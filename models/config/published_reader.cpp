#include <fmt/format.h>

#include <algorithm>

#include "models/config/extends.hpp"
#include "models/config/field_readers.hpp"
#include "models/config/published.hpp"

namespace nibble {
namespace {

constexpr double kHugest = 1e15;
constexpr SquareMillimetres kSmallestArea{0.01}, kLargestArea{1e5};
constexpr GramsPerKilowattHour kCleanest{0}, kDirtiest{2000};

const Words<Trust> kTrust{{"verified", Trust::verified}, {"memory", Trust::memory}, {"claim", Trust::claim}};
const Words<Take> kTake{{"mean", Take::mean}, {"least", Take::least}, {"most", Take::most}};
const Words<CarbonUnit> kCarbonUnits{{"kWh", CarbonUnit::kilowatt_hours},
                                     {"MWh", CarbonUnit::megawatt_hours},
                                     {"lb", CarbonUnit::pounds},
                                     {"t", CarbonUnit::tonnes},
                                     {"car lifetimes", CarbonUnit::car_lifetimes}};
const std::vector<std::string> kMeasures{"peak", "efficiency", "run", "strubell", "die", "memory", "training"};

Overrides read_set(const MapReader& map, const YamlNode& node) {
  Overrides set;
  for (const std::string& path : map.keys()) {
    static_cast<void>(map.text(path));
    set.push_back({path, node.find(path)->value});
  }
  return set;
}

/// The map `key`, of keys of the accelerator, if there is one.
Overrides read_optional_set(const MapReader& map, const YamlNode& node, const std::string& key) {
  return map.has(key) ? read_set(map.map(key), node.find(key)->value) : Overrides{};
}

PublishedRuns read_runs(const MapReader& map, const YamlNode& node) {
  PublishedRuns runs;
  runs.accelerator = map.text("accelerator");
  runs.recipe = map.text("recipe");
  runs.training = map.choice("mode", {"training", "inference"}) == "training";
  runs.batch = static_cast<std::uint64_t>(map.integer("batch", 1, 1'000'000));
  if (map.has("chips")) runs.chips = map.count("chips", 1, 65536);
  runs.networks = read_names(map, "networks");
  runs.later = map.texts("later", std::vector<std::string>{});
  runs.set = read_optional_set(map, node, "set");
  return runs;
}

PeakMeasure read_peak(const MapReader& map, const YamlNode& node) {
  PeakMeasure peak;
  peak.set = read_optional_set(map, node, "set");
  peak.accelerator = map.text("accelerator");
  peak.mode = map.text("mode");
  if (map.has("over")) {
    const MapReader over = map.map("over");
    peak.over_accelerator = over.text("accelerator");
    peak.over_mode = over.text("mode");
  }
  return peak;
}

const Words<EfficiencyQuantity> kQuantities{{"tops_per_w", EfficiencyQuantity::tops_per_w}, {"watts", EfficiencyQuantity::watts}};

EfficiencyMeasure read_efficiency(const MapReader& map, const YamlNode& node) {
  EfficiencyMeasure efficiency;
  efficiency.accelerator = map.text("accelerator");
  efficiency.mode = map.text("mode");
  efficiency.of = read_enum(map, "of", kQuantities, {EfficiencyQuantity::tops_per_w});
  efficiency.set = read_optional_set(map, node, "set");
  efficiency.over = read_optional_set(map, node, "over");
  return efficiency;
}

/// A run set that the file does not define is named here, with the nearest that it does.
std::string read_runs_name(const MapReader& map, const std::string& key, const PublishedGroup& group) {
  std::vector<std::string> names;
  for (const auto& [name, runs] : group.runs) names.push_back(name);
  return map.choice(key, names);
}

RunMeasure read_run(const MapReader& map, const YamlNode& node, const PublishedGroup& group) {
  RunMeasure run;
  run.runs = read_runs_name(map, "runs", group);
  if (map.has("over")) run.over = read_runs_name(map, "over", group);
  run.of = map.text("of");
  if (const YamlNode::Entry* of = node.find("of"); of != nullptr) run.place = of->value.place;
  run.layers = map.text("layers", "");
  run.take = read_enum(map, "take", kTake, std::optional{Take::mean});
  return run;
}

StrubellMeasure read_strubell(const MapReader& map) {
  return {map.number("hours", 0, 1e9), map.watts("power", Watts{0}, Watts{1e9}), read_enum(map, "as", kCarbonUnits)};
}

DieMeasure read_die(const MapReader& map) {
  DieMeasure die;
  die.area = map.square_millimetres("area", kSmallestArea, kLargestArea);
  die.energy_kwh_per_cm2 = map.number("energy_kwh_per_cm2", 0, 100);
  die.gas_g_per_cm2 = map.number("gas_g_per_cm2", 0, 1e5);
  die.materials_g_per_cm2 = map.number("materials_g_per_cm2", 0, 1e5);
  die.yield = map.number("yield", 0.01, 1, 1);
  die.grid_intensity = map.grams_per_kilowatt_hour("grid_intensity", kCleanest, kDirtiest);
  die.packages = GramsCo2e{map.number("packages_g", 0, 1e6, 0)};
  return die;
}

MemoryMeasure read_memory(const MapReader& map) {
  return {map.bytes("capacity", Bytes{1}, Bytes{std::uint64_t{1} << 60}), map.number("g_per_gb", 0, 1e5),
          map.number("yield", 0.01, 1, 1), GramsCo2e{map.number("packages_g", 0, 1e6, 0)}};
}

TrainingMeasure read_training(const MapReader& map) {
  TrainingMeasure training;
  training.devices = map.number("devices", 0, 1e9);
  training.days = map.number("days", 0, 1e6);
  training.pue = map.number("pue", 1, 3);
  training.power = map.watts("power", Watts{0}, Watts{1e9});
  training.intensity = map.grams_per_kilowatt_hour("intensity", kCleanest, kDirtiest);
  training.as = read_enum(map, "as", kCarbonUnits);
  return training;
}

Measure read_measure(const MapReader& row, const YamlNode& node, const PublishedGroup& group) {
  std::vector<std::string> given;
  for (const std::string& measure : kMeasures) {
    if (row.has(measure)) given.push_back(measure);
  }
  if (given.size() != 1) {
    row.problem(given.empty() ? "what" : given.back(), given.empty() ? "CFG-MISSING" : "CFG-CONFLICT",
                fmt::format("the row says in {} ways how ours is got", given.size()), words_hint("", kMeasures));
    if (given.empty()) return PeakMeasure{};
  }
  const std::string& kind = given.front();
  const MapReader map = row.map(kind);
  if (kind == "peak") return read_peak(map, node.find(kind)->value);
  if (kind == "efficiency") return read_efficiency(map, node.find(kind)->value);
  if (kind == "run") return read_run(map, node.find(kind)->value, group);
  if (kind == "strubell") return read_strubell(map);
  if (kind == "die") return read_die(map);
  if (kind == "memory") return read_memory(map);
  return read_training(map);
}

/// published, band, at_least or at_most.
void read_bounds(const MapReader& map, PublishedRow& row) {
  std::string given;
  for (const char* key : {"published", "at_least", "at_most", "band"}) {
    if (!map.has(key)) continue;
    if (!given.empty()) {
      map.problem(key, "CFG-CONFLICT", fmt::format("{} stands beside {}", map.path_of(key), given), "keep one of them");
      static_cast<void>(map.texts(key));
      continue;
    }
    given = key;
    if (given == "band") {
      const MapReader band = map.map("band");
      row.low = band.number("from", -kHugest, kHugest);
      row.high = band.number("to", -kHugest, kHugest);
      continue;
    }
    const double bound = map.number(key, -kHugest, kHugest);
    if (given != "at_most") row.low = bound;
    if (given != "at_least") row.high = bound;
  }
  if (given.empty()) {
    map.problem("what", "CFG-MISSING", "the row has no published figure",
                "give published, band: {from, to}, at_least or at_most");
  } else if (row.low > row.high) {
    map.problem("band", "CFG-RANGE", fmt::format("the band goes from {} to {}", row.low, row.high), "needs rising ends");
  }
  row.source = given.empty() ? map.source_of("what") : map.source_of(given);
}

PublishedRow read_row(const MapReader& map, const YamlNode& node, const PublishedGroup& group, double tolerance) {
  PublishedRow row;
  row.what = map.text("what");
  row.unit = map.text("unit", "");
  row.trust = read_enum(map, "trust", kTrust);
  row.tolerance = map.number("tolerance", 0, 10, tolerance);
  row.because = map.text("because", "");
  if (const YamlNode::Entry* note = node.find("note"); note != nullptr) row.note = note->value.scalar;
  read_bounds(map, row);
  row.measure = read_measure(map, node, group);
  if (row.source.empty()) {
    map.problem("what", "CFG-MISSING", "the row has no source", "say where the figure was published: source: KEY");
  }
  return row;
}

}  // namespace

PublishedGroup load_published(const std::string& name_or_path) {
  const YamlFile file = load_extended(Kind::validation, name_or_path);
  file.require_schema("nibble/published/1");
  const MapReader root = file.root();
  PublishedGroup group;
  group.file = file.name();
  group.name = root.text("name");
  group.description = root.text("description", "");
  const double tolerance = root.number("tolerance", 0, 10);
  if (root.has("runs")) {
    const MapReader runs = root.map("runs");
    for (const std::string& name : runs.keys()) {
      group.runs[name] = read_runs(runs.map(name), file.tree().find("runs")->value.find(name)->value);
    }
  }
  read_each(root, file.tree(), "rows", [&](const MapReader& row, const YamlNode& node) {
    group.rows.push_back(read_row(row, node, group, tolerance));
  });
  file.finish();
  group.hash = file.hash();
  return group;
}

}  // namespace nibble
