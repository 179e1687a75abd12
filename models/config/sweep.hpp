#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/config/override.hpp"

namespace nibble {

/// One dimension of a design space: keys that change together, and the values that they take.
struct SweepAxis {
  std::vector<std::string> keys;              ///< one, or several linked ones
  std::vector<std::vector<YamlNode>> values;  ///< [position][key]
};

enum class SweepMethod : std::uint8_t { grid, random, latin_hypercube, sobol, nsga2 };

struct SweepSampling {
  SweepMethod method = SweepMethod::grid;
  std::uint64_t points = 0;  ///< to draw; for nsga2 population times generations; 0 for a grid: all
  std::uint64_t seed = 1;
  std::uint64_t population = 0;  ///< nsga2
};

/// An expression over keys and metrics, and where it stands.
struct SweepExpression {
  std::string text;
  Place place;
};

struct SweepObjective {
  std::string metric;
  bool maximise = false;

  [[nodiscard]] bool better(double one, double other) const { return maximise ? one > other : one < other; }
};

/// A design space over a base machine: schema nibble/sweep/1.
struct Sweep {
  std::string name, description;
  std::string accelerator, grid;
  std::vector<std::string> networks, recipes;
  std::uint64_t batch = 1;
  bool training = true;
  std::vector<SweepAxis> axes;
  std::vector<SweepExpression> constraints;
  std::vector<SweepObjective> objectives;
  SweepSampling sampling;
  std::string file;
  std::string hash;
};

/// InputError for what is wrong with the file itself; whether its keys exist is for check_axes (sim/sweep) to say.
[[nodiscard]] Sweep load_sweep(const std::string& name_or_path);

/// {from, to, factor} or {from, to, step} unrolled, in the unit of `from`: "512 KiB", "1 MiB" gives 512 and 1024 KiB.
/// `to` is included when the steps meet it. Exactly one of factor (above 1) and step (above 0) is not empty.
/// InputError [CFG-...] with the reason.
[[nodiscard]] std::vector<std::string> unroll_range(const std::string& from, const std::string& to,
                                                    const std::string& factor, const std::string& step);

/// A number with or without a unit, in base units: "2 MiB" is 2097152. Not set for words.
[[nodiscard]] std::optional<double> base_value(const std::string& text);

}  // namespace nibble
