#pragma once

#include <vector>

#include "workloads/lowering/graph.hpp"
#include "workloads/trace/network.hpp"

namespace nibble::lowering {

/// Forward GEMM of a convolution: rows are output pixels, the reduction runs over taps and input channels.
[[nodiscard]] GemmWork conv_forward(const Layer& layer, const Layer& input, std::uint64_t batch);
/// dW = X^T dY: rows are taps and input channels, the reduction runs over output pixels of all samples.
[[nodiscard]] GemmWork conv_wgrad(const Layer& layer, const Layer& input, std::uint64_t batch);
/// dX, one GEMM for each phase of the stride: an input pixel at row r meets only the taps that r's remainder
/// reaches, so no zero is multiplied. Rows are pixels of dY, each of which meets every tap once: the MACs of
/// all phases are those of the forward GEMM, padding counted as there. (A phase without any pixel, in images
/// smaller than the stride, is left out.)
[[nodiscard]] std::vector<GemmPart> conv_dgrad(const Layer& layer, const Layer& input, std::uint64_t batch);

/// Input elements that a convolution touches: fewer than there are when the stride skips some.
[[nodiscard]] Elements touched_inputs(const Layer& layer, const Layer& input, std::uint64_t batch);

/// Linear layers and products of activations.
[[nodiscard]] GemmWork linear_forward(const Layer& layer, const Layer& input, std::uint64_t batch);
[[nodiscard]] GemmWork matmul_forward(const Layer& layer, const Layer& a, std::uint64_t batch);

}  // namespace nibble::lowering
