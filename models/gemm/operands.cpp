#include "models/gemm/operands.hpp"

#include "models/formats/block_quantise.hpp"
#include "models/formats/scaled.hpp"

namespace nibble {
namespace {

enum class Role : std::uint8_t { activations, weights, gradients };

Role role_of(GemmPass pass, bool is_a) {
  if (pass == GemmPass::fwd) return is_a ? Role::activations : Role::weights;
  if (pass == GemmPass::dgrad) return is_a ? Role::gradients : Role::weights;
  return is_a ? Role::activations : Role::gradients;
}

Matrix transposed(const Matrix& matrix) {
  Matrix result{matrix.columns, matrix.rows};
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    for (std::size_t c = 0; c < matrix.columns; ++c) result.at(c, r) = matrix.at(r, c);
  }
  return result;
}

Quantised quantise_gradients(const Matrix& matrix, const QuantiserState& state, GemmPass pass) {
  GradScale scale{number_format("fp4-radix4").largest()};
  scale.settle(largest_magnitude(matrix.values));
  TwoPhaseGradients both = two_phase_quantise(matrix.values, scale, state.two_phase);
  return pass == GemmPass::dgrad ? both.dgrad : both.wgrad;
}

/// `along_rows`: the reduction runs along the matrix's rows.
Quantised quantise_blocks(const Matrix& matrix, const BlockFormat& format, bool along_rows,
                          const RandomSource& random) {
  const auto quantise = [&](const Matrix& m) {
    return block_values(block_quantise(m.values, format, Rounding::nearest_even, random, m.columns));
  };
  if (along_rows) return quantise(matrix);
  Matrix columns = transposed(matrix);
  Quantised result = quantise(columns);
  columns.values = std::move(result.values);
  result.values = transposed(columns).values;
  return result;
}

Quantised quantise(const Precision& precision, GemmPass pass, bool is_a, const Matrix& matrix,
                   const QuantiserState& state) {
  const GemmFormats& formats = formats_of(precision, pass);
  const std::string& name = is_a ? formats.a : formats.b;
  const Role role = role_of(pass, is_a);
  const RandomSource random{state.seed, is_a ? 0U : 1U, 0};
  if (const BlockFormat* block = find_block_format(name)) return quantise_blocks(matrix, *block, is_a, random);
  const NumberFormat format = number_format(name);
  if (role == Role::weights && precision.weight_quantiser == WeightQuantiser::sawb) {
    SawbOptions options = state.sawb;
    options.bits = format.bits;
    return sawb_quantise(matrix.values, options);
  }
  if (role == Role::activations && precision.activation_quantiser == ActivationQuantiser::pact) {
    PactOptions options = state.pact;
    options.bits = format.bits;
    return pact_quantise(matrix.values, options);
  }
  const bool radix4 = format.log2_radix == 2;
  if (role == Role::gradients && precision.gradient_quantiser == GradientQuantiser::two_phase && radix4) {
    return quantise_gradients(matrix, state, pass);
  }
  return cast_quantise(matrix.values, format, random);
}

Matrix shaped(const Matrix& like, Quantised& quantised) {
  Matrix matrix;
  matrix.rows = like.rows;
  matrix.columns = like.columns;
  matrix.values = std::move(quantised.values);
  return matrix;
}

}  // namespace

const GemmFormats& formats_of(const Precision& precision, GemmPass pass) {
  switch (pass) {
    case GemmPass::fwd: return precision.fwd;
    case GemmPass::dgrad: return precision.dgrad;
    case GemmPass::wgrad: return precision.wgrad;
  }
  return precision.fwd;
}

PassOperands quantise_operands(const Precision& precision, GemmPass pass, const Matrix& a, const Matrix& b,
                               const QuantiserState& state) {
  Quantised left = quantise(precision, pass, true, a, state);
  Quantised right = quantise(precision, pass, false, b, state);
  PassOperands operands;
  operands.scale = static_cast<float>(left.scale * right.scale);
  operands.a = shaped(a, left);
  operands.b = shaped(b, right);
  return operands;
}

}  // namespace nibble
