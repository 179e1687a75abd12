#pragma once

#include <string>

#include "models/config/grid.hpp"
#include "models/config/network_link.hpp"
#include "sim/report/document.hpp"
#include "workloads/lowering/cuts.hpp"

namespace nibble {

inline constexpr const char* kSplitSchema = "nibble/split/1";

/// Both ends of a split training, one step of the same batch on one chip of each: run documents with layers.
struct SplitEnds {
  Json edge, cloud;
  Grid edge_grid, cloud_grid;
  NetworkLink link;
};

/// Time, energy and carbon of the step at every cut (schema nibble/split/1; sim/report/README.md), and the best by each.
///
/// Nothing overlaps: edge forward, uplink, cloud, downlink, edge backward and update. The edge leaks while it waits; the
/// server's time belongs to others then. The edge's electricity has no overhead of a building, the server's has the grid's
/// PUE, the network's is the server's grid's without it. Embodied carbon goes by the time that a machine is taken.
[[nodiscard]] Json split_document(const SplitEnds& ends, const std::vector<Cut>& cuts);

/// For people: every cut, then the best ones.
[[nodiscard]] std::string split_table(const Json& document);
/// One row a cut.
[[nodiscard]] std::string split_csv(const Json& document);

}  // namespace nibble
