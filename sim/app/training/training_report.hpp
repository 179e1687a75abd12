#pragma once

#include <string>
#include <vector>

#include "sim/report/document.hpp"
#include "workloads/trace/network.hpp"
#include "workloads/training/layer_measure.hpp"
#include "workloads/training/trainer.hpp"

/// What a training leaves for people, beside its checkpoint and log.
namespace nibble {

/// Zeros and exponents of every layer (schema nibble/histograms/1; workloads/training/README.md).
[[nodiscard]] Json histograms_document(const Network& network, const std::vector<training::LayerMeasure>& measures);

/// Loss, and training and test accuracy, by epoch: one SVG picture.
[[nodiscard]] std::string curves_svg(const std::vector<training::EpochResult>& results);

/// A self-contained HTML page: curves, epochs, and maps of the exponents of activations and gradients, layer by layer.
[[nodiscard]] std::string training_page(const std::string& title, const std::vector<training::EpochResult>& results,
                                        const Network& network, const std::vector<training::LayerMeasure>& measures);

}  // namespace nibble
