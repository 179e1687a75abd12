#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "workloads/training/trainable_network.hpp"
#include "workloads/training/trainer.hpp"

namespace nibble::training {

/// Replaces checkpoint.pt, then log.jsonl, each whole: a stop between the two costs no bit of the run, since the
/// checkpoint holds the results, too.
void save_checkpoint(const std::filesystem::path& folder, const std::string& fingerprint,
                     const std::vector<NamedTensor>& state, const TrainableNetwork& network,
                     const std::vector<EpochResult>& results);

/// Fills `state` and `network` from the folder's checkpoint; the epochs that it has. Nothing there: none.
/// InputError [TRAIN-RESUME] if it is that of another run, or damaged.
[[nodiscard]] std::vector<EpochResult> load_checkpoint(const std::filesystem::path& folder,
                                                       const std::string& fingerprint,
                                                       const std::vector<NamedTensor>& state,
                                                       TrainableNetwork& network);

/// A layer trace (workloads/README.md) of the network with measured zeros.
[[nodiscard]] std::string trace_text(const Network& network, const std::vector<LayerMeasure>& measures);

}  // namespace nibble::training
