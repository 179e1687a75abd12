#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/config/published.hpp"
#include "sim/report/document.hpp"
#include "sim/system/simulate.hpp"

namespace nibble {

/// A run that rows measure.
struct PublishedRun {
  RunRequest request;
  bool layers = false;  ///< its document needs a row for each operation

  /// Runs of one name are one run: "resnet50, hfp8@rapid, training of 64".
  [[nodiscard]] std::string name() const;
};

/// What the rows of these groups measure, each run once, in the order of the files. Names of networks to come later are
/// left out while no such network is shipped.
[[nodiscard]] std::vector<PublishedRun> runs_of(const std::vector<PublishedGroup>& groups);

/// The run's document, or {"failed": why} if this machine cannot run it or a law does not hold: one odd run does not
/// cost the other rows their figures. Builds a SystemC machine: once in a process.
[[nodiscard]] Json simulate_published(const PublishedRun& run, const ProgressSink& progress = {});

/// Run documents by PublishedRun::name().
using RunDocuments = std::map<std::string, Json>;

/// Ours beside a published figure.
struct Figure {
  std::optional<double> value;  ///< not set if it cannot be had; `detail` says why
  std::string detail;           ///< the network it is of, over how many it is, the operating point
  std::vector<std::pair<std::string, double>> networks = {};  ///< of each network, where there are several
};

/// `runs` holds all that runs_of gave. InputError for what the row's measure names and nobody knows.
[[nodiscard]] Figure figure_of(const PublishedGroup& group, const PublishedRow& row, const RunDocuments& runs);

/// InputError for an expression whose names are no metrics: asked before anything is simulated.
void check_expressions(const PublishedGroup& group);

}  // namespace nibble
