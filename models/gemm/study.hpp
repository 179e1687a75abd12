#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/formats/two_phase.hpp"
#include "models/gemm/gemm.hpp"

namespace nibble {

/// What operands are drawn from: normal(0, 1), or lognormal magnitudes e^normal(0, 1), all positive.
enum class Distribution : std::uint8_t { normal, lognormal };

/// A matrix of random values; the same for the same seed and tensor.
[[nodiscard]] Matrix random_matrix(std::size_t rows, std::size_t columns, Distribution distribution,
                                   std::uint64_t seed, std::uint64_t tensor);

/// Errors of a product against the same operands' product in FP64.
struct ProductError {
  double relative_rms = 0;   ///< rms(C - reference) / rms(reference)
  double sqnr_db = 0;        ///< signal to quantisation noise: -20 log10(relative_rms); infinite for no error
  double bias = 0;           ///< mean(sign(reference) (C - reference)) / mean|reference|: below 0 is shrinkage
  double swamping_loss = 0;  ///< share of added magnitude that left its accumulator as it was
};

/// A product and what was lost on the way, element by element by the definition: slow, for samples.
[[nodiscard]] ProductError study_product(const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b);

/// Errors of quantised values, each relative to its original: root mean square, and mean.
struct RelativeError {
  double rms = 0;
  double bias = 0;
};

/// What rounding a layer's gradients for dgrad and for wgrad does, on one grid or two.
///
/// For gradients spread evenly over the digits of the grid (log-uniform), the threshold at 4^n / 1.6 alone gives
/// bias = 1.2 / ln 4 - 1 = -13.4 % and rms = 36.7 % on either grid, and rms = 21.9 %, correlation -0.288 on two
/// (README.md derives them). That shrinkage is the same wherever the gradients lie; what depends on it is the swing.
struct TwoPhaseError {
  RelativeError dgrad, wgrad;
  RelativeError together;        ///< of the mean of both copies: what one layer's two uses make of a gradient
  double error_correlation = 0;  ///< of the two copies' errors, about zero; 1: both GEMMs err alike
  double bias_swing = 0;         ///< largest less smallest bias of `together` over the scales, halved
};

/// Over gradients of `spread` (standard deviation of ln|g|) at `steps` scales that span one radix-4 digit: where a
/// layer's gradients lie on the grid is chance.
[[nodiscard]] TwoPhaseError study_two_phase(const TwoPhaseOptions& options, double spread, std::size_t count,
                                            unsigned steps, std::uint64_t seed);

}  // namespace nibble
