#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/report/document.hpp"
#include "workloads/trace/network.hpp"

namespace nibble {

/// What a training is charged to: a machine, and the recipe that it would have trained with.
struct ChargedRun {
  std::string recipe, accelerator;
};

/// "accelerator" (with the recipe that was trained) or "recipe@accelerator" each. InputError [CLI-USAGE] for a run that
/// is no run, or is there twice.
[[nodiscard]] std::vector<ChargedRun> charged_runs(const std::vector<std::string>& texts, const std::string& trained);

/// One step of `network`, zeros as they are measured in it, on each machine: documents of nibble/run/1, with all of a
/// training of that length. Throws what the simulator throws, such as for a machine that has no such mode.
[[nodiscard]] std::vector<Json> step_documents(const std::vector<ChargedRun>& runs, const Network& network, std::uint64_t batch,
                                               const std::string& grid, const std::optional<TrainingLength>& length = {});

/// The same side by side: a document of nibble/compare/1.
[[nodiscard]] Json training_costs(const std::vector<ChargedRun>& runs, const Network& network, std::uint64_t batch,
                                   const std::string& grid, const TrainingLength& length);

/// The document for people: time, joules and grams of all steps, and of each sample.
[[nodiscard]] std::string training_cost_table(const Json& document);

}  // namespace nibble
