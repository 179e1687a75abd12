#include "workloads/training/layer_arithmetic.hpp"

#include <cmath>
#include <utility>

#include "models/base/check.hpp"
#include "models/formats/array.hpp"
#include "models/formats/block_format.hpp"
#include "models/formats/random.hpp"
#include "models/formats/scaled.hpp"
#include "models/gemm/machine.hpp"

namespace nibble::training {
namespace {

constexpr GemmPass kPasses[] = {GemmPass::fwd, GemmPass::dgrad, GemmPass::wgrad};

std::size_t index_of(GemmPass pass) { return static_cast<std::size_t>(pass); }

bool is_radix4(const std::string& format) {
  return find_block_format(format) == nullptr && number_format(format).log2_radix == 2;
}

Quantised unchanged(std::span<const float> values) { return {{values.begin(), values.end()}, 1.0}; }

}  // namespace

LayerArithmetic::LayerArithmetic(const Precision& precision, Emulation emulation, std::uint64_t seed,
                                 std::uint64_t layer, const ArithmeticVariant& variant)
    : precision_{precision}, emulation_{emulation}, seed_{seed}, layer_{layer}, variant_{variant} {
  MachineOptions machine;
  machine.chunk_length = variant.chunk_length;
  machine.tree_width = variant.tree_width;
  for (const GemmPass pass : kPasses) {
    arithmetic_[index_of(pass)] = default_machine_arithmetic(formats_of(precision, pass), machine);
    Rounding& rounding = arithmetic_[index_of(pass)].output.conversion.rounding;
    if (variant.nearest && rounding == Rounding::stochastic) rounding = Rounding::nearest_even;
  }
}

/// A seed of its own for each use of random bits: of the Philox stream that layer and step pick.
std::uint64_t LayerArithmetic::seed_of(GemmPass pass, unsigned what) const {
  const RandomBits stream{seed_, layer_ | part_ << 32U};
  const std::uint64_t draw = (step_ * std::size(kPasses) + index_of(pass)) * 4 + what;
  return std::uint64_t{stream.at(2 * draw)} << 32U | stream.at(2 * draw + 1);
}

Quantised LayerArithmetic::tensor(GemmPass pass, OperandRole role, std::span<const float> values, ClipRange range) const {
  if (find_block_format(format_of(precision_, pass, role)) != nullptr) return unchanged(values);
  QuantiserState state;
  state.pact.clip = range.clip;
  state.pact.symmetric = range.symmetric;
  state.grad_scale = grad_scale_;
  state.two_phase = two_phase_options();
  state.nearest = variant_.nearest;
  state.seed = seed_of(pass, static_cast<unsigned>(role));
  return quantise_tensor(precision_, pass, role, values, state);
}

Quantised LayerArithmetic::activations(GemmPass pass, std::span<const float> values, ClipRange range) const {
  return tensor(pass, OperandRole::activations, values, range);
}

Quantised LayerArithmetic::second_activations(GemmPass pass, std::span<const float> values, ClipRange range) const {
  const std::string& format = formats_of(precision_, pass).b;
  if (find_block_format(format) != nullptr) return unchanged(values);
  Precision turned = precision_;
  turned.fwd.a = format;
  QuantiserState state;
  state.pact.clip = range.clip;
  state.pact.symmetric = range.symmetric;
  state.seed = seed_of(pass, static_cast<unsigned>(OperandRole::weights));
  return quantise_tensor(turned, GemmPass::fwd, OperandRole::activations, values, state);
}

Quantised LayerArithmetic::weights(GemmPass pass, std::span<const float> values) const {
  return tensor(pass, OperandRole::weights, values, {});
}

TwoPhaseOptions LayerArithmetic::two_phase_options() const {
  TwoPhaseOptions options;
  options.single_grid = !variant_.two_grids;
  return options;
}

/// GradScale's check on this step's gradients.
void LayerArithmetic::follow(std::span<const float> gradients) {
  const double largest = largest_magnitude(gradients);
  const bool first = !grad_scale_;
  if (first && largest <= 0) return;
  if (first) grad_scale_ = GradScale{number_format("fp4-radix4").largest()};
  if (!variant_.grad_scale) return;
  if (first) {
    grad_scale_->settle(largest);
  } else {
    grad_scale_->update(largest);
  }
}

/// 1-3-0 with a zero and radix 2: 2^0 to 2^6, whose largest is radix 4's, so that GradScale's rule is the same.
Quantised LayerArithmetic::radix2(std::span<const float> gradients) const {
  NumberFormat format = number_format("fp4-luq");
  format.conversion.rounding = Rounding::nearest_even;
  Quantised result;
  result.values.reserve(gradients.size());
  for (const float g : gradients) result.values.push_back(static_cast<float>(g * grad_scale_->scale()));
  round_array(format, format.conversion, result.values, result.values);
  result.scale = 1.0 / grad_scale_->scale();
  return result;
}

GradientOperands LayerArithmetic::gradients(std::span<const float> values) {
  if (precision_.gradient_quantiser == GradientQuantiser::two_phase) {
    follow(values);
    if (grad_scale_ && variant_.radix2) {
      Quantised copy = radix2(values);
      return {copy, std::move(copy)};
    }
    if (grad_scale_ && is_radix4(precision_.dgrad.a) && is_radix4(precision_.wgrad.b)) {
      TwoPhaseGradients both = two_phase_quantise(values, *grad_scale_, two_phase_options());
      return {std::move(both.dgrad), std::move(both.wgrad)};
    }
  }
  return {tensor(GemmPass::dgrad, OperandRole::gradients, values, {}),
          tensor(GemmPass::wgrad, OperandRole::gradients, values, {})};
}

double LayerArithmetic::form_blocks(GemmPass pass, Matrix& a, Matrix& b) const {
  const GemmFormats& formats = formats_of(precision_, pass);
  double scale = 1.0;
  const bool stochastic = precision_.gradient_quantiser == GradientQuantiser::stochastic && !variant_.nearest;
  const auto form = [&](Matrix& matrix, const std::string& name, bool is_a) {
    const BlockFormat* block = find_block_format(name);
    if (block == nullptr) return;
    const bool gradients = pass == (is_a ? GemmPass::dgrad : GemmPass::wgrad);
    Quantised quantised = quantise_along(matrix, *block, is_a, {seed_of(pass, 3), is_a ? 0U : 1U, 0},
                                         stochastic && gradients ? Rounding::stochastic : Rounding::nearest_even);
    matrix.values = std::move(quantised.values);
    scale *= quantised.scale;
  };
  form(a, formats.a, true);
  form(b, formats.b, false);
  return scale;
}

void LayerArithmetic::multiply(GemmPass pass, const Matrix& a, const Matrix& b, double scale, Matrix& c) const {
  GemmArithmetic arithmetic = arithmetic_[index_of(pass)];
  arithmetic.output_scale = static_cast<float>(scale);
  arithmetic.seed = seed_of(pass, 3);
  gemm(arithmetic, a, b, c, {});
}

bool LayerArithmetic::rows_stand_alone(GemmPass pass) const {
  const GemmArithmetic& sums = arithmetic_[index_of(pass)];
  const auto random = [](const NumberFormat& format) { return format.conversion.rounding == Rounding::stochastic; };
  const GemmFormats& formats = formats_of(precision_, pass);
  const bool blocks = find_block_format(formats.a) != nullptr || find_block_format(formats.b) != nullptr;
  return emulation_ == Emulation::exact && !blocks && !random(sums.accumulator) && !random(sums.chunk_accumulator) && !random(sums.output);
}

void LayerArithmetic::finish(GemmPass pass, std::span<float> products, double scale) const {
  const auto factor = static_cast<float>(scale);
  if (factor != 1.0F) {
    for (float& product : products) product *= factor;
  }
  const NumberFormat& output = arithmetic_[index_of(pass)].output;
  if (output.name == "fp32") return;
  round_array(output, output.conversion, products, products, {seed_of(pass, 3), 0, 0});
}

void LayerArithmetic::set_grad_scale_exponent(int exponent) {
  grad_scale_.reset();
  if (exponent != kUnset) grad_scale_ = GradScale{number_format("fp4-radix4").largest(), exponent};
}

double first_clip(std::span<const float> activations, unsigned bits, bool symmetric) {
  constexpr int kCandidates = 32;
  const double largest = largest_magnitude(activations);
  if (largest <= 0) return PactOptions{}.clip;
  double best = largest, least = INFINITY;
  for (int i = 1; i <= kCandidates; ++i) {
    const PactOptions options{bits, largest * i / kCandidates, symmetric};
    const Quantised quantised = pact_quantise(activations, options);
    double error = 0;
    for (std::size_t j = 0; j < activations.size(); ++j) {
      const double difference = quantised.values[j] * quantised.scale - activations[j];
      error += difference * difference;
    }
    if (error < least) {
      least = error;
      best = options.clip;
    }
  }
  return best;
}

}  // namespace nibble::training
