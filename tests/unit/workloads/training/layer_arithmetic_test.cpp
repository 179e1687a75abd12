// Proves: what an ablation takes away is gone, and nothing else changes: grids, GradScale, chunks.
#include "workloads/training/layer_arithmetic.hpp"

#include <gmock/gmock.h>

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

TEST(Experiments, NameWhatTheyTakeAway) {
  for (const std::string& name : shipped_experiments()) {
    for (const ExperimentRun& run : load_experiment(name).runs) EXPECT_NO_THROW(static_cast<void>(load_recipe(run.recipe)));
  }
  const Experiment four_bit = load_experiment("4-bit-2020");
  EXPECT_FALSE(four_bit.runs.at(2).variant.two_grids);
  EXPECT_TRUE(four_bit.runs.at(2).variant.grad_scale);
  EXPECT_FALSE(four_bit.runs.at(3).variant.grad_scale);
  EXPECT_EQ(load_experiment("8-bit").runs.at(2).variant.chunk_length, 0U);
}

}  // namespace
}  // namespace nibble::training
