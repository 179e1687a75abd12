#include "sim/sweep/design_space.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "models/config/extends.hpp"
#include "sim/report/metrics.hpp"
#include "sim/sweep/expression.hpp"
#include "workloads/importers/import_network.hpp"

namespace nibble {
namespace {

PointNumbers numbers_of(const Sweep& sweep) {
  std::vector<std::size_t> sizes;
  for (const SweepAxis& axis : sweep.axes) sizes.push_back(axis.values.size());
  return PointNumbers{sizes};
}

bool has_prefix(const std::string& key, const char* prefix) { return key.starts_with(prefix); }

SqlValue value_of(const YamlNode& node) {
  if (!node.quoted) {
    const auto number = base_value(node.scalar);
    if (number && *number == std::floor(*number) && std::abs(*number) < 1e15) return static_cast<std::int64_t>(*number);
    if (number) return *number;
  }
  return node.scalar;
}

void collect(const YamlNode& node, const std::string& path, std::map<std::string, SqlValue>& values) {
  if (node.kind == YamlNode::Kind::scalar) values[path] = value_of(node);
  if (is_annotated(node)) {
    collect(node.find("value")->value, path, values);
    return;
  }
  for (const YamlNode::Entry& entry : node.entries) {
    collect(entry.value, path.empty() ? entry.key : path + "." + entry.key, values);
  }
}

/// Problems of a single axis value that another axis may put right are left to the points.
void keep_certain(const InputError& error, std::vector<Problem>& problems) {
  for (const Problem& problem : error.problems()) {
    if (problem.id == "CFG-CONFLICT") continue;
    const bool known = std::any_of(problems.begin(), problems.end(), [&](const Problem& other) {
      return other.text() == problem.text();
    });
    if (!known) problems.push_back(problem);
  }
}

}  // namespace

const std::vector<std::string>& row_metrics() {
  static const std::vector<std::string> names{"time_s",   "samples_per_s", "energy_j",    "energy_per_sample_j",
                                              "power_w",  "area_mm2",      "carbon_g",    "utilisation",
                                              "tops",     "tops_per_w"};
  return names;
}

DesignSpace::DesignSpace(Sweep sweep) : sweep_{std::move(sweep)}, numbers_{numbers_of(sweep_)} {
  for (const SweepAxis& axis : sweep_.axes) {
    if (std::find(axis.keys.begin(), axis.keys.end(), "die_area") != axis.keys.end()) sizes_die_ = false;
  }
  grid_ = load_grid(sweep_.grid);
  for (const std::string& network : sweep_.networks) networks_.push_back(import_network(network));
  for (const std::string& recipe : sweep_.recipes) recipes_.push_back(load_recipe(recipe));
  check_axes();
  check_names();
  const std::uint64_t samples = std::max<std::uint64_t>(1, sweep_.batch / load_accelerator(sweep_.accelerator).chips);
  for (std::size_t network = 0; network < networks_.size(); ++network) {
    for (std::size_t recipe = 0; recipe < recipes_.size(); ++recipe) {
      steps_.push_back(std::make_shared<const Step>(
          lower(sweep_.training, networks_[network], recipes_[recipe], samples)));
    }
  }
}

DesignSpace::Values DesignSpace::base() const {
  Values values;
  values.accelerator = sweep_.accelerator;
  values.batch = sweep_.batch;
  return values;
}

void DesignSpace::apply(const std::string& key, const YamlNode& value, Values& values) const {
  const auto wrong = [&](const char* needs) {
    return InputError{Problem{"CFG-TYPE", *value.place.file, value.place.line, value.place.column,
                              fmt::format("{} = {}", key, shown_value(value)), needs}};
  };
  const auto truth = [&] {
    if (value.scalar == "true") return true;
    if (value.scalar == "false") return false;
    throw wrong("needs true or false");
  };
  if (key == "batch") {
    const auto batch = base_value(value.scalar);
    if (!batch || *batch != std::floor(*batch) || *batch < 1 || *batch > 1'000'000) throw wrong("needs a whole number from 1 to 1000000");
    values.batch = static_cast<std::uint64_t>(*batch);
  } else if (key == "recompute") {
    values.recompute = truth();
  } else if (key == "residency") {
    values.residency = truth();
  } else if (key == "accelerator") {
    values.accelerator = value.scalar;
  } else if (has_prefix(key, "technology.")) {
    values.technology.push_back({key.substr(11), value});
  } else if (has_prefix(key, "recipe.")) {
    values.recipe.push_back({key.substr(7), value});
  } else if (has_prefix(key, "grid.")) {
    values.grid.push_back({key.substr(5), value});
  } else {
    values.machine.push_back({key, value});
  }
}

DesignSpace::Values DesignSpace::values_at(std::uint64_t point) const {
  Values values = base();
  const std::vector<std::size_t> positions = numbers_.positions(point);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const SweepAxis& axis = sweep_.axes[i];
    for (std::size_t key = 0; key < axis.keys.size(); ++key) {
      apply(axis.keys[key], axis.values[positions[i]][key], values);
    }
  }
  return values;
}

void DesignSpace::check_axes() const {
  std::vector<Problem> problems;
  const auto check = [&](const Values& values) {
    try {
      const Accelerator machine = load_accelerator(values.accelerator, values.machine);
      static_cast<void>(load_technology(machine.technology, values.technology));
      for (const std::string& recipe : sweep_.recipes) {
        if (!values.recipe.empty()) static_cast<void>(load_recipe(recipe, values.recipe));
      }
      if (!values.grid.empty()) static_cast<void>(load_grid(sweep_.grid, values.grid));
    } catch (const InputError& error) {
      keep_certain(error, problems);
    }
  };
  check(base());
  for (const SweepAxis& axis : sweep_.axes) {
    for (const std::vector<YamlNode>& position : axis.values) {
      Values values = base();
      try {
        for (std::size_t key = 0; key < axis.keys.size(); ++key) apply(axis.keys[key], position[key], values);
      } catch (const InputError& error) {
        keep_certain(error, problems);
      }
      check(values);
    }
  }
  if (!problems.empty()) throw InputError{problems};
}

void DesignSpace::check_names() {
  std::vector<std::string> known = row_metrics();
  for (const Metric& metric : metrics()) {
    if (metric.unit != "text") known.emplace_back(metric.name);
  }
  for (const SweepAxis& axis : sweep_.axes) known.insert(known.end(), axis.keys.begin(), axis.keys.end());
  std::vector<std::string> machine;
  for (const auto& [name, value] : machine_values(0)) machine.push_back(name);
  std::vector<Problem> problems;
  for (const SweepExpression& constraint : sweep_.constraints) {
    for (const std::string& name : names_in(constraint.text)) {
      needs_machine_values_ = needs_machine_values_ || known_name(name, machine).has_value();
      if (known_name(name, known) || known_name(name, machine)) continue;
      const std::string near = nearest_word(name, [&] {
        std::vector<std::string> all = known;
        all.insert(all.end(), machine.begin(), machine.end());
        return all;
      }());
      problems.push_back({"SWP-NAME", *constraint.place.file, constraint.place.line, constraint.place.column,
                          fmt::format("'{}' in the constraint '{}' is no key, axis or metric", name, constraint.text),
                          near.empty() ? "" : fmt::format("did you mean '{}'?", near)});
    }
  }
  for (const SweepObjective& objective : sweep_.objectives) {
    const std::vector<std::string>& names = row_metrics();
    if (std::find(names.begin(), names.end(), objective.metric) != names.end()) continue;
    problems.push_back({"SWP-NAME", sweep_.file, 0, 0, fmt::format("the objective '{}' is no metric", objective.metric),
                        fmt::format("one of {}", fmt::join(names, ", "))});
  }
  if (!problems.empty()) throw InputError{problems};
}

RunRequest DesignSpace::request(const SweepTask& task) const {
  const Values values = values_at(task.point);
  RunRequest request;
  request.network = sweep_.networks[task.network];
  request.recipe = sweep_.recipes[task.recipe];
  request.accelerator = values.accelerator;
  request.grid = sweep_.grid;
  request.batch = values.batch;
  request.training = sweep_.training;
  request.recompute = values.recompute;
  request.residency = values.residency;
  return request;
}

SimulationInputs DesignSpace::inputs(const SweepTask& task) const {
  const Values values = values_at(task.point);
  SimulationInputs inputs;
  inputs.network = networks_[task.network];
  inputs.accelerator = load_accelerator(values.accelerator, values.machine);
  inputs.technology = load_technology(inputs.accelerator.technology, values.technology);
  inputs.grid = values.grid.empty() ? grid_ : load_grid(sweep_.grid, values.grid);
  inputs.recipe = values.recipe.empty() ? recipes_[task.recipe] : load_recipe(sweep_.recipes[task.recipe], values.recipe);
  if (values.recipe.empty()) inputs.step = steps_[task.network * recipes_.size() + task.recipe];
  return inputs;
}

std::map<std::string, SqlValue> DesignSpace::axis_values(std::uint64_t point) const {
  std::map<std::string, SqlValue> values;
  const std::vector<std::size_t> positions = numbers_.positions(point);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const SweepAxis& axis = sweep_.axes[i];
    for (std::size_t key = 0; key < axis.keys.size(); ++key) {
      values[axis.keys[key]] = value_of(axis.values[positions[i]][key]);
    }
  }
  return values;
}

std::map<std::string, SqlValue> DesignSpace::machine_values(std::uint64_t point) const {
  const Values at = values_at(point);
  std::map<std::string, SqlValue> values;
  const YamlFile file = load_extended(Kind::accelerator, at.accelerator, at.machine);
  collect(file.tree(), "", values);
  return values;
}

}  // namespace nibble
