#include <fmt/format.h>

#include <set>

#include "models/config/catalogue.hpp"
#include "models/config/extends.hpp"
#include "models/config/field_readers.hpp"
#include "models/config/sweep.hpp"

namespace nibble {
namespace {

const Words<SweepMethod> kMethods{{"grid", SweepMethod::grid},
                                  {"random", SweepMethod::random},
                                  {"latin-hypercube", SweepMethod::latin_hypercube},
                                  {"sobol", SweepMethod::sobol},
                                  {"nsga2", SweepMethod::nsga2}};

YamlNode scalar_at(const Place& place, const std::string& text, bool quoted = false) {
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.place = place;
  node.scalar = text;
  node.quoted = quoted;
  return node;
}

std::vector<YamlNode> read_range(const MapReader& axes, const std::string& key, const YamlNode& node) {
  const MapReader range = axes.map(key);
  const auto text = [&](const char* name) { return range.has(name) ? range.text(name) : std::string{}; };
  const std::string from = range.text("from"), to = range.text("to");
  const std::string factor = text("factor"), step = text("step");
  std::vector<YamlNode> values;
  if (from.empty() || to.empty()) return values;
  if (factor.empty() == step.empty()) {
    axes.problem(key, "CFG-MISSING", fmt::format("{} has {} of factor and step", axes.path_of(key),
                                                 factor.empty() ? "none" : "both"),
                 "give one of them");
    return values;
  }
  try {
    for (const std::string& value : unroll_range(from, to, factor, step)) {
      values.push_back(scalar_at(node.place, value));
    }
  } catch (const InputError& error) {
    const Problem& problem = error.problems().front();
    axes.problem(key, problem.id, fmt::format("{}: {}", axes.path_of(key), problem.what), problem.hint);
  }
  return values;
}

std::vector<YamlNode> read_values(const MapReader& axes, const std::string& key, const YamlNode& node) {
  if (node.kind == YamlNode::Kind::map) return read_range(axes, key, node);
  static_cast<void>(axes.texts(key));
  std::vector<YamlNode> values = node.items;
  if (node.kind == YamlNode::Kind::sequence && values.empty()) {
    axes.problem(key, "CFG-RANGE", fmt::format("{} has no value", axes.path_of(key)), "needs one or more");
  }
  return values;
}

SweepAxis read_axis(const MapReader& axes, const YamlNode& map, const std::string& key) {
  SweepAxis axis{{key}, {}};
  for (YamlNode& value : read_values(axes, key, map.find(key)->value)) axis.values.push_back({std::move(value)});
  return axis;
}

/// Keys that walk through their lists in step.
SweepAxis read_linked(const MapReader& link, const YamlNode& map) {
  SweepAxis axis;
  for (const std::string& key : link.keys()) {
    const std::vector<YamlNode> values = read_values(link, key, map.find(key)->value);
    if (axis.keys.empty()) axis.values.resize(values.size());
    axis.keys.push_back(key);
    if (values.size() != axis.values.size()) {
      link.problem(key, "CFG-CONFLICT",
                   fmt::format("{} has {} values, {} has {}", key, values.size(), axis.keys.front(),
                               axis.values.size()),
                   "linked keys need equally many");
      continue;
    }
    for (std::size_t i = 0; i < values.size(); ++i) axis.values[i].push_back(values[i]);
  }
  return axis;
}

void read_axes(Sweep& sweep, const MapReader& root, const YamlNode& tree) {
  if (root.has("axes")) {
    const MapReader axes = root.map("axes");
    const YamlNode& map = tree.find("axes")->value;
    for (const std::string& key : axes.keys()) sweep.axes.push_back(read_axis(axes, map, key));
  }
  if (root.has("linked")) {
    read_each(root, tree, "linked", [&](const MapReader& link, const YamlNode& map) {
      sweep.axes.push_back(read_linked(link, map));
    });
  }
  std::set<std::string> seen;
  for (const SweepAxis& axis : sweep.axes) {
    for (const std::string& key : axis.keys) {
      if (seen.insert(key).second) continue;
      root.problem("linked", "CFG-DUPLICATE", fmt::format("the key '{}' is on two axes", key));
    }
  }
}

SweepSampling read_sampling(const MapReader& map) {
  SweepSampling sampling;
  sampling.method = read_enum(map, "method", kMethods);
  sampling.seed = static_cast<std::uint64_t>(map.integer("seed", 0, 1'000'000'000, 1));
  if (sampling.method == SweepMethod::grid) return sampling;
  if (sampling.method == SweepMethod::nsga2) {
    sampling.population = static_cast<std::uint64_t>(map.integer("population", 4, 10'000));
    const auto generations = static_cast<std::uint64_t>(map.integer("generations", 1, 10'000));
    sampling.points = sampling.population * generations;
  } else {
    sampling.points = static_cast<std::uint64_t>(map.integer("points", 1, 10'000'000));
  }
  return sampling;
}

void read_goals(Sweep& sweep, const MapReader& root, const YamlNode& tree) {
  if (root.has("constraints")) {
    static_cast<void>(root.texts("constraints"));
    for (const YamlNode& item : tree.find("constraints")->value.items) {
      sweep.constraints.push_back({item.scalar, item.place});
    }
  }
  const MapReader objectives = root.map("objectives");
  for (const std::string& metric : objectives.keys()) {
    sweep.objectives.push_back({metric, objectives.choice(metric, {"min", "max"}) == "max"});
  }
  if (sweep.objectives.empty() && root.has("objectives")) {
    root.problem("objectives", "CFG-RANGE", "objectives is empty", "needs one metric or more, each min or max");
  }
}

}  // namespace

Sweep load_sweep(const std::string& name_or_path) {
  const YamlFile file = load_extended(Kind::sweep, name_or_path);
  file.require_schema("nibble/sweep/1");
  const MapReader root = file.root();
  Sweep sweep;
  sweep.file = file.name();
  sweep.name = root.text("name");
  sweep.description = root.text("description", "");
  const MapReader base = root.map("base");
  sweep.accelerator = base.text("accelerator");
  sweep.networks = read_names(base, "networks");
  sweep.recipes = read_names(base, "recipes");
  sweep.grid = base.text("grid", "world");
  sweep.batch = static_cast<std::uint64_t>(base.integer("batch", 1, 1'000'000));
  sweep.training = base.choice("mode", {"training", "inference"}, "training") == "training";
  read_axes(sweep, root, file.tree());
  read_goals(sweep, root, file.tree());
  if (root.has("sampling")) sweep.sampling = read_sampling(root.map("sampling"));
  file.finish();
  sweep.hash = file.hash();
  return sweep;
}

}  // namespace nibble
