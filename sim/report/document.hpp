#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/system/run_result.hpp"

namespace nibble {

/// Keys keep the order in which they were written.
using Json = nlohmann::ordered_json;

inline constexpr const char* kRunSchema = "nibble/run/1";
inline constexpr const char* kCompareSchema = "nibble/compare/1";
inline constexpr const char* kScalingSchema = "nibble/scaling/1";

/// A training to scale one step to: so many passes over so many samples.
struct TrainingLength {
  double epochs = 1;
  std::uint64_t samples = 0;  ///< of one epoch
};

/// What a run's document holds beyond its totals.
struct DocumentOptions {
  bool layers = false;                          ///< one entry for each operation of the step
  bool energy_table = false;                    ///< one entry for each event: count, pJ, source, product
  std::optional<TrainingLength> training = {};  ///< cost of a whole training
};

/// Everything there is to report of a run, by the names that sim/report/README.md documents and `explain`
/// defines.
///
/// Tables and CSV are views of this document, so that all three always agree. It holds no host time and no
/// path: equal inputs give equal bytes. Throws LawError if the array cycles do not add up to arrays * cycles.
[[nodiscard]] Json run_document(const RunResult& result, const DocumentOptions& options = {});

/// "recipe@accelerator": what a run is called in a comparison.
[[nodiscard]] std::string run_label(const Json& run);

/// Runs side by side, in the order given, and every run's ratios to the baselines.
///
/// `baseline`: label or recipe name of the run to compare with; by default the first run of recipe fp16 and
/// the first of recipe fp32, as far as they are there. InputError [CMP-BASELINE] if no run is called so,
/// [CMP-NAME] if two runs have one label.
[[nodiscard]] Json compare_document(std::vector<Json> runs, const std::optional<std::string>& baseline = {});

/// Runs of the same step on more and more chips; efficiencies are to the first.
struct ScalingSeries {
  std::string name;  ///< "weak", "strong"
  std::vector<Json> runs;
};
[[nodiscard]] Json scaling_document(const std::vector<ScalingSeries>& series);

/// Indented JSON text with a final newline; numbers in the shortest form that reads back exactly.
[[nodiscard]] std::string json_text(const Json& document);

}  // namespace nibble
