#pragma once

#include <cstdint>
#include <string>

#include "models/config/recipe.hpp"
#include "models/formats/pact.hpp"
#include "models/formats/sawb.hpp"
#include "models/formats/two_phase.hpp"
#include "models/gemm/gemm.hpp"

namespace nibble {

/// The three GEMMs of a layer.
enum class GemmPass : std::uint8_t { fwd, dgrad, wgrad };

[[nodiscard]] const GemmFormats& formats_of(const Precision& precision, GemmPass pass);

/// What a recipe leaves to training: the state of its quantisers. Bits come from the formats.
struct QuantiserState {
  SawbOptions sawb;
  PactOptions pact;
  TwoPhaseOptions two_phase;
  std::uint64_t seed = 0;  ///< of stochastic formats
};

/// One GEMM's operands as its array multiplies them. C = scale x (A x B).
struct PassOperands {
  Matrix a, b;
  float scale = 1.0F;
};

/// Quantises `a` (rows x reduction) and `b` (reduction x columns) as `precision` has it for `pass`.
///
/// Which operand is what: recipe.hpp, GemmFormats. Gradients are scaled by a GradScale that has settled on them.
/// Blocks of block formats run along the reduction.
[[nodiscard]] PassOperands quantise_operands(const Precision& precision, GemmPass pass, const Matrix& a, const Matrix& b,
                                             const QuantiserState& state = {});

}  // namespace nibble
