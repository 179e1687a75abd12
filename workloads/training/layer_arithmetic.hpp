#pragma once

#include <cstdint>
#include <span>

#include "models/config/accumulation.hpp"
#include "models/config/recipe.hpp"
#include "models/gemm/operands.hpp"

namespace nibble::training {

/// exact: every product by models/gemm, to the machine's last bit. fast: the same operands, summed in plain FP32.
enum class Emulation : std::uint8_t { exact, fast };

/// What an ablation changes in the arithmetic of a recipe; as it stands: nothing.
struct ArithmeticVariant {
  std::uint32_t chunk_length = kChunkProducts;  ///< products to a chunk of the accumulation; 0: one level
  std::uint32_t tree_width = 0;     ///< products summed exactly before a rounding; 0: the machine's, 1: the sum is rounded at each
  bool grad_scale = true;           ///< false: GradScale stays at 2^0
  bool two_grids = true;            ///< false: dgrad and wgrad both read the even grid of radix-4 FP4
  bool radix2 = false;              ///< FP4 of powers of two in radix 4's place: nearest, one copy, GradScale as ever
  bool nearest = false;             ///< whatever rounds stochastically rounds to nearest: operands, outputs, update
};

/// What PACT clips activations to: 0 to clip, or -clip to clip where they have a sign.
struct ClipRange {
  double clip = 0;
  bool symmetric = false;
};

/// A layer's two copies of its output gradients, as dgrad and as wgrad multiply them.
struct GradientOperands {
  Quantised dgrad, wgrad;
};

/// One layer's three GEMMs as its recipe has them, with the quantisers' state. Knows nothing of tensors.
///
/// Tensors are quantised whole before they are laid out as matrices, so that each value is rounded once however many
/// products it enters. Block formats are the exception: their blocks run along the reduction, so multiply() forms them.
class LayerArithmetic {
 public:
  LayerArithmetic(const Precision& precision, Emulation emulation, std::uint64_t seed, std::uint64_t layer,
                  const ArithmeticVariant& variant = {});

  [[nodiscard]] const Precision& precision() const { return precision_; }
  [[nodiscard]] Emulation emulation() const { return emulation_; }
  [[nodiscard]] bool has_clip() const { return precision_.activation_quantiser == ActivationQuantiser::pact; }

  /// Random bits from now on are those of this step of the training.
  void begin_step(std::uint64_t step) { step_ = step; }
  /// The same of this one of several products within a step.
  void begin_part(std::uint64_t part) { part_ = part; }

  [[nodiscard]] Quantised activations(GemmPass pass, std::span<const float> values, ClipRange range) const;
  /// Activations where a layer with weights has those: the second factor of a product of two activations.
  [[nodiscard]] Quantised second_activations(GemmPass pass, std::span<const float> values, ClipRange range) const;
  [[nodiscard]] Quantised weights(GemmPass pass, std::span<const float> values) const;
  /// Checks GradScale against these gradients first, once; the very first time until it holds.
  [[nodiscard]] GradientOperands gradients(std::span<const float> values);

  /// C = output(scale x A x B), exactly; with Emulation::fast, finish() on a product from elsewhere takes its place.
  void multiply(GemmPass pass, const Matrix& a, const Matrix& b, double scale, Matrix& c) const;
  /// Whether rows of A give the same rows of C by themselves: no random bits, which hang on an element's place, and no sums
  /// of a library's, whose order may hang on the size.
  [[nodiscard]] bool rows_stand_alone(GemmPass pass) const;
  /// What the block formats of `pass` make of its operands; others stay as they are. Returns the factor they leave.
  double form_blocks(GemmPass pass, Matrix& a, Matrix& b) const;
  /// products <- output(products x scale).
  void finish(GemmPass pass, std::span<float> products, double scale) const;

  /// GradScale's exponent, for checkpoints; kUnset before the first gradients.
  static constexpr int kUnset = 1 << 20;
  [[nodiscard]] int grad_scale_exponent() const { return grad_scale_ ? grad_scale_->exponent() : kUnset; }
  void set_grad_scale_exponent(int exponent);

 private:
  [[nodiscard]] std::uint64_t seed_of(GemmPass pass, unsigned what) const;
  void follow(std::span<const float> gradients);
  [[nodiscard]] Quantised radix2(std::span<const float> gradients) const;
  [[nodiscard]] TwoPhaseOptions two_phase_options() const;
  [[nodiscard]] Quantised tensor(GemmPass pass, OperandRole role, std::span<const float> values, ClipRange range) const;

  Precision precision_;
  Emulation emulation_;
  std::uint64_t seed_, layer_, step_ = 0, part_ = 0;
  ArithmeticVariant variant_;
  GemmArithmetic arithmetic_[3];
  std::optional<GradScale> grad_scale_;
};

/// The clip of the best of `candidates` equal steps up to the largest value: the least squared error of PACT's rounding.
/// A start for the learned clip: one step of few bits is so coarse that training from a far one takes long.
[[nodiscard]] double first_clip(std::span<const float> activations, unsigned bits, bool symmetric = false);

}  // namespace nibble::training
