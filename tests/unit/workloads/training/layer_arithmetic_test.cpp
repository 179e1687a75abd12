// Proves: what an ablation takes away is gone, and nothing else changes: grids, GradScale, chunks.
#include "workloads/training/layer_arithmetic.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "workloads/training/experiment.hpp"

namespace nibble::training {
namespace {

const std::vector<float> kGradients{0.001F, -0.0004F, 0.00002F, 0.0F, -0.0015F};

GradientOperands gradients_of(const ArithmeticVariant& variant) {
  LayerArithmetic layer{load_recipe("fp4").precision, Emulation::exact, 1, 0, variant};
  return layer.gradients(kGradients);
}

TEST(LayerArithmetic, GradientsAreThoseOfTheTwoPhaseQuantiser) {
  GradScale scale;
  scale.settle(0.0015F);
  const TwoPhaseGradients expected = two_phase_quantise(kGradients, scale);
  const GradientOperands ours = gradients_of({});
  EXPECT_EQ(ours.dgrad.values, expected.dgrad.values);
  EXPECT_EQ(ours.wgrad.values, expected.wgrad.values);
  EXPECT_EQ(ours.wgrad.scale, expected.wgrad.scale);
  EXPECT_NE(ours.dgrad.values, ours.wgrad.values);
}

TEST(LayerArithmetic, OnOneGridBothCopiesAreTheEvenOne) {
  ArithmeticVariant variant;
  variant.two_grids = false;
  const GradientOperands ours = gradients_of(variant);
  EXPECT_EQ(ours.dgrad.values, gradients_of({}).dgrad.values);
  EXPECT_EQ(ours.wgrad.values, ours.dgrad.values);
}

/// 4^-3 / 1.6 = 0.0098 is where radix-4 FP4 flushes: all of these gradients, unless they are scaled up.
TEST(LayerArithmetic, WithoutGradScaleSmallGradientsAreFlushed) {
  ArithmeticVariant variant;
  variant.grad_scale = false;
  const GradientOperands ours = gradients_of(variant);
  EXPECT_THAT(ours.dgrad.values, testing::Each(0.0F));
  EXPECT_EQ(ours.dgrad.scale, 1.0);
  EXPECT_EQ(gradients_of({}).dgrad.values.back(), -64.0F);
}

/// GradScale takes the largest, 0.0015, to 49.2 = 0.0015 x 2^15; its code is the nearer of 32 and 64.
TEST(LayerArithmetic, RadixTwoRoundsToPowersOfTwo) {
  ArithmeticVariant variant;
  variant.radix2 = true;
  const GradientOperands ours = gradients_of(variant);
  EXPECT_EQ(ours.dgrad.values, ours.wgrad.values);
  EXPECT_EQ(ours.dgrad.scale, gradients_of({}).dgrad.scale);
  EXPECT_THAT(ours.dgrad.values, testing::ElementsAre(32.0F, -16.0F, 1.0F, 0.0F, -64.0F));
}

/// A recipe of the shipped experiments' own.
std::string beside(const std::string& recipe) {
  const std::string other = load_experiment("qat-2019").runs.at(1).recipe;
  return other.substr(0, other.rfind('/') + 1) + recipe;
}

/// The mean of many roundings is the gradient: LUQ is unbiased, which radix 4 to nearest is not.
TEST(LayerArithmetic, LuqIsUnbiased) {
  std::vector<float> gradients(40000, 0.37F);
  gradients.front() = 1.0F;
  LayerArithmetic layer{load_recipe(beside("luq.yaml")).precision, Emulation::exact, 1, 0};
  const Quantised copy = layer.gradients(gradients).dgrad;
  double sum = 0;
  for (std::size_t i = 1; i < gradients.size(); ++i) sum += copy.values[i] * copy.scale;
  EXPECT_NEAR(sum / 39999.0, 0.37, 0.003);  // five standard errors: 0.125 / sqrt(40000) each
  GradScale scale;
  scale.settle(1.0);
  const Quantised nearest = two_phase_quantise(gradients, scale).dgrad;
  EXPECT_GT(std::abs(nearest.values[1] * nearest.scale - 0.37), 0.1);
}

TEST(LayerArithmetic, StochasticFormatsRoundToNearestWhereTold) {
  const std::vector<float> values(1000, 0.3F / 4096);
  const auto largest = [&](bool nearest) {
    ArithmeticVariant variant;
    variant.nearest = nearest;
    LayerArithmetic layer{load_recipe(beside("fixed16-il4.yaml")).precision, Emulation::exact, 1, 0, variant};
    const Quantised q = layer.weights(GemmPass::fwd, values);
    return *std::max_element(q.values.begin(), q.values.end());
  };
  EXPECT_EQ(largest(true), 0.0F);
  EXPECT_EQ(largest(false), 1.0F / 4096);
}

/// Wide formats of the backward pass carry the codes of the forward pass.
TEST(LayerArithmetic, QuantisedWeightsAreTheSameInEveryPass) {
  const std::vector<float> weights{0.5F, -0.25F, 0.01F, 0.9F, -0.7F};
  LayerArithmetic layer{load_recipe(beside("qat-int2.yaml")).precision, Emulation::exact, 1, 0};
  const Quantised forward = layer.weights(GemmPass::fwd, weights), backward = layer.weights(GemmPass::dgrad, weights);
  EXPECT_EQ(forward.values, backward.values);
  EXPECT_EQ(forward.scale, backward.scale);
  EXPECT_THAT(forward.values, testing::Each(testing::AnyOf(-1.0F, 0.0F, 1.0F)));
}

/// 1-6-9 holds no odd number above 1024 and steps by 4 from 2048: adding ones one tree after the other ends there.
TEST(LayerArithmetic, WithoutChunksLongSumsAreSwamped) {
  constexpr std::size_t kLength = 1U << 18U;
  Matrix a{1, kLength}, b{kLength, 1};
  for (std::size_t i = 0; i < kLength; ++i) a.values[i] = b.values[i] = i % 64 == 0 ? 1.0F : 0.0F;
  const auto sum = [&](std::uint32_t chunk_length) {
    ArithmeticVariant variant;
    variant.chunk_length = chunk_length;
    Matrix c;
    LayerArithmetic{load_recipe("fp8").precision, Emulation::exact, 1, 0, variant}.multiply(GemmPass::wgrad, a, b, 1.0, c);
    return c.values.front();
  };
  EXPECT_EQ(sum(4096), 4096.0F);
  EXPECT_LE(sum(0), 2048.0F);
}

}  // namespace
}  // namespace nibble::training
