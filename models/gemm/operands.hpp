#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "models/config/recipe.hpp"
#include "models/formats/array.hpp"
#include "models/formats/block_format.hpp"
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
  std::optional<GradScale> grad_scale;  ///< nothing: one that has settled on the gradients that it is given
  std::uint64_t seed = 0;               ///< of stochastic formats
  bool nearest = false;                 ///< formats that round stochastically round to nearest even instead
};

/// Whose values an operand holds.
enum class OperandRole : std::uint8_t { activations, weights, gradients };

/// A whole tensor, element by element, as `precision` has it for `pass`. SAWB's and PACT's codes are those of fwd in
/// every pass: a wider format in dgrad or wgrad carries the same few values. Not for block formats, whose blocks need to
/// know the reduction: quantise_along().
[[nodiscard]] Quantised quantise_tensor(const Precision& precision, GemmPass pass, OperandRole role,
                                        std::span<const float> values, const QuantiserState& state = {});

/// A matrix in blocks that run along its rows, or along its columns.
[[nodiscard]] Quantised quantise_along(const Matrix& matrix, const BlockFormat& format, bool along_rows,
                                       const RandomSource& random = {}, Rounding rounding = Rounding::nearest_even);

/// The format of the operand `role` of `pass`.
[[nodiscard]] const std::string& format_of(const Precision& precision, GemmPass pass, OperandRole role);

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
