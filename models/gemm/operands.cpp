#include "models/gemm/operands.hpp"

#include "models/formats/block_quantise.hpp"
#include "models/formats/scaled.hpp"

namespace nibble {
namespace {

OperandRole role_of(GemmPass pass, bool is_a) {
  if (pass == GemmPass::fwd) return is_a ? OperandRole::activations : OperandRole::weights;
  if (pass == GemmPass::dgrad) return is_a ? OperandRole::gradients : OperandRole::weights;
  return is_a ? OperandRole::activations : OperandRole::gradients;
}

Matrix transposed(const Matrix& matrix) {
  Matrix result{matrix.columns, matrix.rows};
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    for (std::size_t c = 0; c < matrix.columns; ++c) result.at(c, r) = matrix.at(r, c);
  }
  return result;
}

Quantised quantise_gradients(std::span<const float> values, const QuantiserState& state, GemmPass pass) {
  GradScale scale{number_format("fp4-radix4").largest()};
  if (state.grad_scale) {
    scale = *state.grad_scale;
  } else {
    scale.settle(largest_magnitude(values));
  }
  TwoPhaseGradients both = two_phase_quantise(values, scale, state.two_phase);
  return pass == GemmPass::dgrad ? both.dgrad : both.wgrad;
}

Quantised quantise(const Precision& precision, GemmPass pass, bool is_a, const Matrix& matrix,
                   const QuantiserState& state) {
  const OperandRole role = role_of(pass, is_a);
  const RandomSource random{state.seed, is_a ? 0U : 1U, 0};
  if (const BlockFormat* block = find_block_format(format_of(precision, pass, role))) {
    return quantise_along(matrix, *block, is_a, random);
  }
  return quantise_tensor(precision, pass, role, matrix.values, state);
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

const std::string& format_of(const Precision& precision, GemmPass pass, OperandRole role) {
  const GemmFormats& formats = formats_of(precision, pass);
  return role_of(pass, true) == role ? formats.a : formats.b;
}

Quantised quantise_along(const Matrix& matrix, const BlockFormat& format, bool along_rows,
                         const RandomSource& random, Rounding rounding) {
  const auto quantise_rows = [&](const Matrix& m) {
    return block_values(block_quantise(m.values, format, rounding, random, m.columns));
  };
  if (along_rows) return quantise_rows(matrix);
  Matrix columns = transposed(matrix);
  Quantised result = quantise_rows(columns);
  columns.values = std::move(result.values);
  result.values = transposed(columns).values;
  return result;
}

Quantised quantise_tensor(const Precision& precision, GemmPass pass, OperandRole role, std::span<const float> values,
                          const QuantiserState& state) {
  NumberFormat format = number_format(format_of(precision, pass, role));
  if (role == OperandRole::weights && precision.weight_quantiser == WeightQuantiser::sawb) {
    SawbOptions options = state.sawb;
    options.bits = number_format(precision.fwd.b).bits;
    return sawb_quantise(values, options);
  }
  if (role == OperandRole::activations && precision.activation_quantiser == ActivationQuantiser::pact) {
    PactOptions options = state.pact;
    options.bits = number_format(precision.fwd.a).bits;
    return pact_quantise(values, options);
  }
  const bool radix4 = format.log2_radix == 2;
  if (role == OperandRole::gradients && precision.gradient_quantiser == GradientQuantiser::two_phase && radix4) {
    return quantise_gradients(values, state, pass);
  }
  const RandomSource random{state.seed, role_of(pass, true) == role ? 0U : 1U, 0};
  if (role == OperandRole::gradients) {
    const bool luq = precision.gradient_quantiser == GradientQuantiser::luq && format.name == "fp4-luq";
    if (luq) return luq_quantise(values, {}, random);
    if (precision.gradient_quantiser == GradientQuantiser::stochastic) format.conversion.rounding = Rounding::stochastic;
  }
  if (state.nearest && format.conversion.rounding == Rounding::stochastic) {
    format.conversion.rounding = Rounding::nearest_even;
  }
  return cast_quantise(values, format, random);
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
