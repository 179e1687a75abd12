#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "models/base/error.hpp"
#include "models/formats/block_quantise.hpp"
#include "models/formats/pact.hpp"
#include "models/formats/sawb.hpp"
#include "models/formats/scaled.hpp"
#include "models/formats/two_phase.hpp"
#include "tests/unit/models/formats/exact_grid.hpp"

namespace nibble {
namespace {

// ---- SAWB

// Proves: the published coefficients, and the clip by hand: w = {3, -4}: E w^2 = 12.5, E|w| = 3.5.
TEST(Sawb, ClipsByTheTwoMoments) {
  const std::vector<float> weights{3, -4};
  const double rms = std::sqrt(12.5);
  EXPECT_DOUBLE_EQ(sawb_clip(weights, {.bits = 4, .variant = SawbVariant::zero_aligned}), 12.035 * rms - 12.03 * 3.5);
  EXPECT_DOUBLE_EQ(sawb_clip(weights, {.bits = 2, .variant = SawbVariant::zero_aligned}), 2.6 * rms - 1.71 * 3.5);
  EXPECT_DOUBLE_EQ(sawb_clip(weights, {.bits = 4, .variant = SawbVariant::all_levels}), 12.68 * rms - 12.80 * 3.5);
  EXPECT_DOUBLE_EQ(sawb_clip(weights, {.bits = 3, .variant = SawbVariant::all_levels}), 7.509 * rms - 6.892 * 3.5);
  EXPECT_DOUBLE_EQ(sawb_clip(weights, {.bits = 2, .variant = SawbVariant::all_levels}), 3.12 * rms - 2.064 * 3.5);
}

// Proves: no coefficients are made up where none are published; given ones are used.
TEST(Sawb, AsksForWhatIsNotPublished) {
  const std::vector<float> weights{1, -1};
  EXPECT_THROW((void)sawb_clip(weights, {.bits = 3, .variant = SawbVariant::zero_aligned}), InputError);
  EXPECT_DOUBLE_EQ(sawb_clip(weights, {.bits = 3, .variant = SawbVariant::zero_aligned, .coefficients = SawbCoefficients{2, -1}}), 1);
}

// Proves: a clip that comes out at or below zero becomes max|w|, as in the source.
TEST(Sawb, FallsBackToTheLargestWeight) {
  const std::vector<float> equal{1, -1, 1, 1};  // rms = mean magnitude: 4 bits, all levels gives -0.12
  EXPECT_DOUBLE_EQ(sawb_clip(equal, {.bits = 4, .variant = SawbVariant::all_levels}), 1.0);
}

// Proves: both grids by hand, with the clip fixed at 7 by given coefficients (rms 0, magnitude 1, E|w| = 7).
TEST(Sawb, QuantisesOntoBothGrids) {
  const std::vector<float> weights{-21, 0, 0.4F, 0.6F, 7, 13};
  const SawbCoefficients mean_only{0, 1};  // E|w| = 42 / 6 = 7
  const Quantised aligned = sawb_quantise(weights, {.bits = 4, .variant = SawbVariant::zero_aligned, .coefficients = mean_only});
  EXPECT_EQ(aligned.values, (std::vector<float>{-7, 0, 0, 1, 7, 7}));
  EXPECT_NEAR(aligned.scale, 1.0, 1e-7);
  const Quantised all = sawb_quantise(weights, {.bits = 2, .variant = SawbVariant::all_levels, .coefficients = mean_only});
  for (const float level : all.values) EXPECT_TRUE(level == -3 || level == -1 || level == 1 || level == 3) << level;
  EXPECT_EQ(all.values.front(), -3);
  EXPECT_NEAR(all.scale, 7.0 / 3, 1e-6);
}

TEST(Sawb, GradientStopsAtTheClipUnlessStraightThrough) {
  const std::vector<float> weights{-3, 1, 2}, gradient{5, 6, 7};
  std::vector<float> out(3);
  sawb_gradient(weights, gradient, 2, false, out);
  EXPECT_EQ(out, (std::vector<float>{0, 6, 7}));
  sawb_gradient(weights, gradient, 2, true, out);
  EXPECT_EQ(out, gradient);
}

// ---- PACT

// Proves: codes 0 to 15 of clamp(x, 0, alpha) in steps of alpha / 15; alpha = 7.5 makes the step one half.
TEST(Pact, QuantisesUpToTheClip) {
  const std::vector<float> x{-1, 0, 0.2F, 0.3F, 0.75F, 7.4F, 9, std::nanf("")};
  const Quantised y = pact_quantise(x, {.bits = 4, .clip = 7.5});
  EXPECT_EQ(y.values, (std::vector<float>{0, 0, 0, 1, 2, 15, 15, 0}));  // 0.75 is a tie, to even
  EXPECT_DOUBLE_EQ(y.scale, 0.5);
}

// Proves: PACT's gradients by hand, and PACT+'s share of the rounding errors inside.
TEST(Pact, GradientsByHand) {
  const std::vector<float> x{-1, 0.3F, 7.5F, 9}, g{1, 2, 4, 8};
  const PactGradient plain = pact_gradient(x, g, {.bits = 4, .clip = 7.5});
  EXPECT_EQ(plain.input, (std::vector<float>{0, 2, 4, 0}));
  EXPECT_DOUBLE_EQ(plain.clip, 12);
  const PactGradient refined = pact_gradient(x, g, {.bits = 4, .clip = 7.5}, true);
  EXPECT_NEAR(refined.clip, 12 - 2 * (0.6 - 1) / 15, 1e-7);
}

// Proves: with a sign, codes -7 to 7 in steps of alpha / 7, and what is cut off below draws the clip the other way.
TEST(Pact, WithASignIsSymmetric) {
  const PactOptions options{.bits = 4, .clip = 3.5, .symmetric = true};
  const std::vector<float> x{-9, -3.5F, -0.6F, 0.2F, 0.75F, 3.4F, 9}, g{1, 2, 4, 8, 16, 32, 64};
  const Quantised y = pact_quantise(x, options);
  EXPECT_EQ(y.values, (std::vector<float>{-7, -7, -1, 0, 2, 7, 7}));
  EXPECT_DOUBLE_EQ(y.scale, 0.5);
  const PactGradient gradient = pact_gradient(x, g, options);
  EXPECT_EQ(gradient.input, (std::vector<float>{0, 2, 4, 8, 16, 32, 0}));
  EXPECT_DOUBLE_EQ(gradient.clip, 64 - 1 - 2);
}

// Proves: the clip's gradient is the slope of the loss sum(g y) where rounding plays no part: all x beyond the clip.
TEST(Pact, ClipGradientIsTheSlope) {
  const std::vector<float> x{20, 30}, g{0.5F, -2};
  const auto loss = [&](double clip) {
    const Quantised y = pact_quantise(x, {.bits = 4, .clip = clip});
    return y.scale * (g[0] * y.values[0] + g[1] * y.values[1]);
  };
  const double slope = (loss(8.01) - loss(7.99)) / 0.02;
  EXPECT_NEAR(pact_gradient(x, g, {.bits = 4, .clip = 8}).clip, slope, 1e-9);
}

// ---- GradScale and two phases

// Proves: each rule at its edge: (Max/2, Max] keeps, Max/2 doubles, just above Max halves.
TEST(GradScale, KeepsTheLargestInTheUpperHalf) {
  GradScale scale{64};
  EXPECT_FALSE(scale.update(64));
  EXPECT_FALSE(scale.update(32.001));
  EXPECT_TRUE(scale.update(32));
  EXPECT_EQ(scale.scale(), 2);
  EXPECT_TRUE(scale.update(32.001));
  EXPECT_EQ(scale.scale(), 1);
  EXPECT_FALSE(scale.update(0));
  EXPECT_FALSE(scale.update(INFINITY));
  scale.settle(1e-6);
  EXPECT_GT(1e-6 * scale.scale(), 32);
  EXPECT_LE(1e-6 * scale.scale(), 64);
}

// Proves: the two grids, which GEMM reads which, and the settings that turn each around.
TEST(TwoPhase, RoundsOnTwoGrids) {
  const std::vector<float> g{3, -0.7F, 10.1F, 0};
  const TwoPhaseGradients both = two_phase_quantise(g, GradScale{});
  EXPECT_EQ(both.dgrad.values, (std::vector<float>{4, -1, 16, 0}));
  EXPECT_EQ(both.wgrad.values, (std::vector<float>{2, -0.5F, 8, 0}));
  const TwoPhaseGradients turned = two_phase_quantise(g, GradScale{}, {.even_phase = EvenPhase::wgrad});
  EXPECT_EQ(turned.dgrad.values, both.wgrad.values);
  EXPECT_EQ(turned.wgrad.values, both.dgrad.values);
  // 4^k / 2 is the same grid as 2 x 4^(k-1): its other end moves.
  EXPECT_EQ(phase_format(false).largest(), 128);
  EXPECT_EQ(phase_format(false, {.odd_grid = OddGrid::below}).largest(), 32);
  const TwoPhaseGradients single = two_phase_quantise(g, GradScale{}, {.single_grid = true});
  EXPECT_EQ(single.wgrad.values, both.dgrad.values);
}

// Proves: odd rounding of g is even rounding of g / 2, twice: the array need not know of phases.
TEST(TwoPhase, OddIsEvenOfHalfTheGradient) {
  const NumberFormat even = phase_format(true), odd = phase_format(false);
  for (double g = 1e-3; g < 300; g *= 1.01) {
    EXPECT_EQ(round_to(odd, odd.conversion, g), 2 * round_to(even, even.conversion, g / 2)) << g;
  }
}

// Proves: both grids against the rule in rationals, over ties, their neighbours and draws of every size, with and without a sign.
TEST(TwoPhase, IsTheRuleInRationals) {
  std::vector<float> x{0.0F};
  const GradScale scale{64.0, 9};
  for (int n = -5; n <= 5; ++n) {
    for (const float tie : {std::ldexp(0.625F, 2 * n - 9), std::ldexp(1.25F, 2 * n - 9), std::ldexp(1.0F, 2 * n - 9)}) {
      for (const float value : {tie, std::nextafter(tie, 0.0F), std::nextafter(tie, 1.0F)}) x.insert(x.end(), {value, -value});
    }
  }
  const RandomBits random{17, 0};
  for (std::size_t i = 0; i < 2000; ++i) {
    x.push_back(std::ldexp(static_cast<float>(static_cast<std::int32_t>(random.at(2 * i))), -20 - static_cast<int>(random.at(2 * i + 1) % 34)));
  }
  using test::Rational;
  /// 4^n for the largest n of -3 to 3 with x > 4^n / 1.6, or 0.
  const auto digit = [](const Rational& magnitude) {
    Rational result = 0;
    for (int n = -3; n <= 3; ++n) {
      const Rational power = test::power_of_two(2 * n);
      if (magnitude > power * Rational(5) / 8) result = power;
    }
    return result;
  };
  const TwoPhaseGradients ours = two_phase_quantise(x, scale);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Rational scaled = abs(test::exact(x[i])) * 512;
    const int sign = x[i] < 0 ? -1 : 1;
    ASSERT_EQ(test::exact(ours.dgrad.values[i] * ours.dgrad.scale), sign * digit(scaled) / 512) << x[i];
    ASSERT_EQ(test::exact(ours.wgrad.values[i] * ours.wgrad.scale), sign * 2 * digit(scaled / 2) / 512) << x[i];
  }
}

// ---- Scaling

TEST(MaxScaling, PutsTheLargestOnTheLargest) {
  const std::vector<float> x{0.1F, -3.5F, 1};
  const Quantised any = max_quantise(x, number_format("int4"), ScaleKind::any);
  EXPECT_EQ(any.values, (std::vector<float>{0, -7, 2}));
  EXPECT_DOUBLE_EQ(any.scale, 0.5);
  const Quantised power = max_quantise(x, number_format("e4m3"), ScaleKind::power_of_two);
  EXPECT_EQ(power.scale, 0x1p-7);
  EXPECT_EQ(power.values[1], -448);
}

// Proves: LUQ is unbiased, and its values are alpha times powers of two up to the largest gradient.
TEST(Luq, IsUnbiasedOnPowersOfTwo) {
  for (const unsigned levels : {4U, 6U, 7U}) {
    std::vector<float> g(40000, 0.013F);
    g[0] = 1;  // sets alpha
    const Quantised q = luq_quantise(g, {.levels = levels}, {1, 2, 0});
    EXPECT_EQ(q.values[0], std::ldexp(1.0F, static_cast<int>(levels)));
    double sum = 0, squares = 0;
    for (std::size_t i = 1; i < g.size(); ++i) {
      const double value = q.values[i] * q.scale;
      EXPECT_TRUE(value == 0 || std::exp2(std::round(std::log2(q.values[i]))) == q.values[i]);
      sum += value;
      squares += value * value;
    }
    const double n = static_cast<double>(g.size() - 1), mean = sum / n;
    const double standard_error = std::sqrt((squares / n - mean * mean) / n);
    EXPECT_NEAR(mean, 0.013, 4 * standard_error) << levels;
  }
  EXPECT_DOUBLE_EQ(luq_hindsight(2, 4, 0.25), 3.5);
}

// ---- Blocks

// Proves: MXFP4 by hand: max 10 -> floor(log2) 3, less emax 2: scale 2; 10 / 2 = 5, a tie to even: 4.
TEST(Mx, QuantisesABlockByHand) {
  const std::vector<float> x{10, -1, 0.4F, 0, 30.9F};
  BlockFormat format = *find_block_format("mxfp4");
  format.block = 4;  // two blocks
  const BlockTensor tensor = block_quantise(x, format);
  EXPECT_EQ(tensor.scales, (std::vector<std::uint32_t>{128, 129}));
  EXPECT_EQ(block_values(tensor).values, (std::vector<float>{8, -1, 0, 0, 24}));  // 7.7 saturates at 6, times 4
}

std::vector<std::pair<Rounding, SimdLevel>> roundings_on_levels() {
  std::vector<std::pair<Rounding, SimdLevel>> all;
  for (const SimdLevel level : available_simd_levels()) {
    for (const Rounding rounding : {Rounding::nearest_even, Rounding::stochastic}) all.emplace_back(rounding, level);
  }
  return all;
}

// Proves: codes taken by the array are those of one quotient after the other, in double precision, ties and draws included.
TEST(BlockQuantise, CodesAreThoseOfTheQuotientsOneByOne) {
  const RandomBits random{11, 0};
  std::vector<float> x(4096);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = std::ldexp(static_cast<float>(static_cast<std::int32_t>(random.at(i))), -static_cast<int>(random.at(i + x.size()) % 12));
    if (i % 5 == 0) x[i] = static_cast<float>(random.at(i) % 25) * 0.25F;  // ties of E2M1 and E2M3
  }
  for (const BlockFormat& format : block_formats()) {
    const NumberFormat element = number_format(format.element), scale = number_format(format.scale);
    for (const auto& [rounding, level] : roundings_on_levels()) {
      const RandomSource source{3, 4, 5};
      const BlockTensor tensor = block_quantise(x, format, rounding, source, 0, level);
      Conversion conversion = element.conversion;
      conversion.rounding = rounding;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double divisor = decode(scale, tensor.scales[i / format.block]) * tensor.tensor_scale;
        const std::uint32_t expected =
            encode(element, conversion, x[i] / divisor, RandomBits{source.seed, source.tensor}.at(source.first_index + i)).code;
        ASSERT_EQ(tensor.codes[i], expected) << format.name << " element " << i;
      }
    }
  }
}

// Proves: every element that a block can hold comes back unchanged, for every MX format.
TEST(Mx, KeepsWhatItCanHold) {
  for (const BlockFormat& format : block_formats()) {
    if (format.tensor_scale) continue;
    const NumberFormat element = number_format(format.element);
    std::vector<float> x{static_cast<float>(element.largest() * 4)};
    for (std::uint32_t i = 1; i < 32; ++i) x.push_back(static_cast<float>(4 * decode(element, i % (element.largest_code() + 1))));
    EXPECT_EQ(block_values(block_quantise(x, format)).values, x) << format.name;
  }
}

// Proves: no infinity or NaN gets lost in a block, and rows do not share one.
TEST(Mx, SpecialsAndRows) {
  const BlockFormat& format = *find_block_format("mxfp8-e4m3");
  const std::vector<float> x{1, INFINITY, 3, 4};
  const Quantised q = block_values(block_quantise(x, format, Rounding::nearest_even, {}, 2));
  EXPECT_TRUE(std::isnan(q.values[0]));
  EXPECT_TRUE(std::isnan(q.values[1]));
  EXPECT_EQ(q.values[2], 3);
  EXPECT_EQ(q.values[3], 4);
  const std::vector<float> zeros(40, 0.0F);
  EXPECT_EQ(block_values(block_quantise(zeros, format)).values, zeros);
}

// Proves: NVFP4's three levels by hand: max 12 -> tensor scale 12 / 2688; the block with it has scale 448.
TEST(Nvfp4, ThreeLevelsByHand) {
  std::vector<float> x(32, 0.0F);
  x[0] = 12;
  x[1] = 6;
  x[16] = 3;
  x[17] = -1;
  const BlockTensor tensor = block_quantise(x, *find_block_format("nvfp4"));
  EXPECT_FLOAT_EQ(static_cast<float>(tensor.tensor_scale), 12.0F / 2688);
  const NumberFormat scale = number_format("ue4m3");
  EXPECT_EQ(decode(scale, tensor.scales[0]), 448);
  EXPECT_EQ(decode(scale, tensor.scales[1]), 112);  // 3 / 6 / (12 / 2688)
  const Quantised q = block_values(tensor);
  EXPECT_NEAR(q.values[0] * q.scale, 12, 1e-5);
  EXPECT_NEAR(q.values[1] * q.scale, 6, 1e-5);
  EXPECT_NEAR(q.values[16] * q.scale, 3, 1e-5);
  EXPECT_NEAR(q.values[17] * q.scale, -1, 1e-5);
}

}  // namespace
}  // namespace nibble
