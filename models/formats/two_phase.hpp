#pragma once

#include <cstdint>
#include <span>

#include "models/formats/number_format.hpp"
#include "models/formats/quantised.hpp"

namespace nibble {

/// GradScale: one power-of-two scale a layer that keeps the largest scaled gradient in (Max/2, Max]
/// (SOURCES: ultra-low-20, through a reader's note). Max is the format's largest magnitude: 64.
class GradScale {
 public:
  /// `exponent`: the scale to begin with is 2^exponent. Which one the paper begins with is not known: 0.
  explicit GradScale(double maximum = 64.0, int exponent = 0) : maximum_{maximum}, exponent_{exponent} {}

  [[nodiscard]] double scale() const;
  [[nodiscard]] int exponent() const { return exponent_; }

  /// One check: doubles the scale if largest x scale <= Max/2, halves it if > Max; true if it changed.
  /// `largest`: max |gradient| before scaling; zero and what is not finite change nothing.
  bool update(double largest);

  /// update() until it holds: where the rule ends up on gradients that don't change.
  void settle(double largest);

 private:
  double maximum_;
  int exponent_;
};

/// Which GEMM reads the even grid 4^k; the other one reads the odd grid.
enum class EvenPhase : std::uint8_t { dgrad, wgrad };
/// Where the odd grid lies: 2 x 4^k, or 4^k / 2.
enum class OddGrid : std::uint8_t { above, below };

/// What no source settles about two-phase rounding, with the assumed defaults.
struct TwoPhaseOptions {
  EvenPhase even_phase = EvenPhase::dgrad;
  OddGrid odd_grid = OddGrid::above;
  Rounding rounding = Rounding::radix4_threshold;    ///< ties down; nearest_away takes them up
  Underflow underflow = Underflow::round_then_flush; ///< flush at 4^-3 / 1.6; nearest: at 4^-3 / 2
  bool single_grid = false;                          ///< both GEMMs on the even grid: what two phases are compared with
};

/// The two copies of a layer's output gradients, each scaled by GradScale and rounded on its grid.
struct TwoPhaseGradients {
  Quantised dgrad, wgrad;
};

[[nodiscard]] TwoPhaseGradients two_phase_quantise(std::span<const float> gradients, const GradScale& scale,
                                                   const TwoPhaseOptions& options = {});

/// The radix-4 format of one GEMM's copy under `options`.
[[nodiscard]] NumberFormat phase_format(bool for_dgrad, const TwoPhaseOptions& options = {});

}  // namespace nibble
