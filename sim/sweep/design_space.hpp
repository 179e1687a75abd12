#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/config/sweep.hpp"
#include "sim/sweep/sampling.hpp"
#include "sim/sweep/sqlite.hpp"
#include "sim/system/simulate.hpp"

namespace nibble {

/// One simulation of a sweep: a point with one network and one recipe (indices into the sweep's lists).
struct SweepTask {
  std::uint64_t point = 0;
  std::size_t network = 0, recipe = 0;
  auto operator<=>(const SweepTask&) const = default;
};

/// A sweep with what its points share, read and lowered once.
///
/// Keys of axes: `batch`, `recompute`, `residency` (true, false), `accelerator` (names), `technology.KEY`, `recipe.KEY`,
/// `grid.KEY`; any other is a key of the accelerator.
class DesignSpace {
 public:
  /// Reads everything and checks every value of every axis and every name in constraints and objectives, so that a
  /// wrong one is reported before the first point. InputError.
  explicit DesignSpace(Sweep sweep);

  [[nodiscard]] const Sweep& sweep() const { return sweep_; }
  [[nodiscard]] const PointNumbers& numbers() const { return numbers_; }

  [[nodiscard]] RunRequest request(const SweepTask& task) const;
  /// InputError when the values of this point do not fit one another.
  [[nodiscard]] SimulationInputs inputs(const SweepTask& task) const;
  /// The axes' values at a point, numbers in base units, texts as they are.
  [[nodiscard]] std::map<std::string, SqlValue> axis_values(std::uint64_t point) const;
  /// Every plain number of the point's machine by its key.
  [[nodiscard]] std::map<std::string, SqlValue> machine_values(std::uint64_t point) const;
  /// The die is as large as the model of its parts says, unless an axis sets it.
  [[nodiscard]] bool sizes_die() const { return sizes_die_; }
  /// A constraint asks for keys of the machine that are not on an axis.
  [[nodiscard]] bool needs_machine_values() const { return needs_machine_values_; }

 private:
  struct Values {
    std::string accelerator;
    std::uint64_t batch = 1;
    bool recompute = false, residency = true;
    Overrides machine, technology, recipe, grid;
  };

  [[nodiscard]] Values base() const;
  [[nodiscard]] Values values_at(std::uint64_t point) const;
  void apply(const std::string& key, const YamlNode& value, Values& values) const;
  void check_axes() const;
  void check_names();

  Sweep sweep_;
  PointNumbers numbers_;
  bool sizes_die_ = true;
  bool needs_machine_values_ = false;
  std::vector<Network> networks_;
  std::vector<Recipe> recipes_;
  Grid grid_;
  std::vector<std::shared_ptr<const Step>> steps_;           ///< [network * recipes + recipe], for the base's batch
};

/// The metrics that every row has, by the names that constraints, objectives and `nibble results` use.
[[nodiscard]] const std::vector<std::string>& row_metrics();

}  // namespace nibble
