#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "models/config/sweep.hpp"
#include "sim/app/describe.hpp"
#include "sim/report/text_table.hpp"
#include "sim/sweep/sampling.hpp"

namespace nibble {
namespace {

/// A row for each key; linked keys share the number of their axis.
std::string axes_table(const Sweep& sweep) {
  std::vector<std::string> axes, keys, values;
  for (std::size_t axis = 0; axis < sweep.axes.size(); ++axis) {
    for (std::size_t key = 0; key < sweep.axes[axis].keys.size(); ++key) {
      std::vector<std::string> texts;
      for (const auto& position : sweep.axes[axis].values) texts.push_back(position[key].scalar);
      axes.push_back(fmt::format("{}", axis + 1));
      keys.push_back(sweep.axes[axis].keys[key]);
      values.push_back(fmt::format("{}", fmt::join(texts, ", ")));
    }
  }
  return table_text({words("axis", std::move(axes)), words("key", std::move(keys)), words("values", std::move(values))});
}

}  // namespace

std::string describe_sweep(const std::string& name_or_path) {
  const Sweep sweep = load_sweep(name_or_path);
  std::vector<std::size_t> sizes;
  for (const SweepAxis& axis : sweep.axes) sizes.push_back(axis.values.size());
  std::vector<std::string> constraints, objectives;
  for (const SweepExpression& constraint : sweep.constraints) constraints.push_back(constraint.text);
  for (const SweepObjective& objective : sweep.objectives) {
    objectives.push_back(fmt::format("{} {}", objective.maximise ? "most" : "least", objective.metric));
  }
  const std::uint64_t points = PointNumbers{sizes}.count();
  const std::size_t runs = sweep.networks.size() * sweep.recipes.size();
  return fmt::format("{}: {}\nfile {}\nhash {}\n\n", sweep.name, sweep.description, sweep.file, sweep.hash) +
         fmt::format("{} points x {} networks x {} recipes = {} runs of {} at batch {}\nnetworks {}; recipes {}\n", points,
                     sweep.networks.size(), sweep.recipes.size(), points * runs, sweep.accelerator, sweep.batch,
                     fmt::join(sweep.networks, ", "), fmt::join(sweep.recipes, ", ")) +
         fmt::format("constraints: {}\nobjectives: {}\n\n", constraints.empty() ? "none" : fmt::format("{}", fmt::join(constraints, "; ")),
                     fmt::join(objectives, ", ")) +
         axes_table(sweep);
}

}  // namespace nibble
