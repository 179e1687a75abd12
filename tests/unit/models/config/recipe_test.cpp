// Proves: recipes say what the papers say, exceptions are complete precisions laid over the recipe's, and
// every recipe finds the modes that it needs on the machine that it is meant for.
#include "models/config/recipe.hpp"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "models/config/accelerator.hpp"

namespace nibble {
namespace {

std::vector<const Precision*> precisions(const Recipe& recipe) {
  std::vector<const Precision*> all{&recipe.precision};
  for (const RecipeException& exception : recipe.exceptions) all.push_back(&exception.precision);
  return all;
}

// hfp8-19 as block-minifloat tabulates it: weights and activations 1-4-3, gradients 1-5-2, sums and dw 1-6-9.
TEST(Recipe, Hfp8IsHybrid) {
  const Recipe hfp8 = load_recipe("hfp8");
  EXPECT_EQ(hfp8.precision.fwd.a, "fp8-143");
  EXPECT_EQ(hfp8.precision.fwd.b, "fp8-143");
  EXPECT_EQ(hfp8.precision.dgrad.a, "fp8-152");
  EXPECT_EQ(hfp8.precision.dgrad.b, "fp8-143");
  EXPECT_EQ(hfp8.precision.wgrad.a, "fp8-143");
  EXPECT_EQ(hfp8.precision.wgrad.b, "fp8-152");
  EXPECT_EQ(hfp8.precision.wgrad.output, "fp16");
}

// fp8-18: one 8-bit format, 16-bit sums and updates, stochastic rounding.
TEST(Recipe, Fp8Of2018HasOneFormat) {
  const Recipe fp8 = load_recipe("fp8");
  for (const GemmFormats& gemm : {fp8.precision.fwd, fp8.precision.dgrad, fp8.precision.wgrad}) {
    EXPECT_EQ(gemm.a, "fp8-152");
    EXPECT_EQ(gemm.b, "fp8-152");
    EXPECT_EQ(gemm.output, "fp16");
  }
  EXPECT_EQ(fp8.master_weights, "fp16");
  EXPECT_TRUE(fp8.stochastic_rounding);
}

// ultra-low-20: INT4 weights and activations, radix-4 FP4 gradients rounded twice, FP16 accumulation.
TEST(Recipe, Fp4MultipliesIntegersByPowersOfFour) {
  const Recipe fp4 = load_recipe("fp4");
  EXPECT_EQ(fp4.precision.fwd.a, "int4");
  EXPECT_EQ(fp4.precision.fwd.b, "int4");
  EXPECT_EQ(fp4.precision.dgrad.a, "fp4-radix4");
  EXPECT_EQ(fp4.precision.wgrad.b, "fp4-radix4");
  EXPECT_EQ(fp4.precision.weight_quantiser, WeightQuantiser::sawb);
  EXPECT_EQ(fp4.precision.activation_quantiser, ActivationQuantiser::pact);
  EXPECT_EQ(fp4.precision.gradient_quantiser, GradientQuantiser::two_phase);
  ASSERT_EQ(fp4.exceptions.size(), 2U);
  EXPECT_EQ(fp4.exceptions[0].match, LayerMatch::first);
  EXPECT_EQ(fp4.exceptions[1].match, LayerMatch::last);
}

TEST(Recipe, TheVariantAddsItsExceptionAfterFirstAndLast) {
  const Recipe variant = load_recipe("fp4-conv1x1-fp8");
  ASSERT_EQ(variant.exceptions.size(), 3U);
  EXPECT_EQ(variant.exceptions[0].match, LayerMatch::first);
  EXPECT_EQ(variant.exceptions[2].match, LayerMatch::conv1x1);
  EXPECT_EQ(variant.exceptions[2].precision.dgrad.a, "fp8-152");
  EXPECT_EQ(variant.precision.fwd.a, load_recipe("fp4").precision.fwd.a);
}

TEST(Recipe, AnExceptionIsLaidOverTheWhole) {
  const Recipe fp4 = load_recipe("fp4");
  const Precision& first = fp4.exceptions[0].precision;
  EXPECT_EQ(first.fwd.a, "fp16");
  EXPECT_EQ(first.fwd.output, fp4.precision.fwd.output) << "not overridden, so the recipe's";
  EXPECT_EQ(first.gradient_quantiser, GradientQuantiser::none);
}

TEST(Recipe, InferenceHasNoBackwardPass) {
  for (const char* name : {"int4", "int2"}) {
    const Recipe recipe = load_recipe(name);
    EXPECT_FALSE(recipe.training) << name;
    EXPECT_EQ(recipe.precision.fwd.a, name);
    EXPECT_EQ(recipe.precision.dgrad.a, "") << name;
  }
}

TEST(Recipe, EveryRecipeRunsOnItsMachine) {
  const std::vector<std::pair<const char*, const char*>> pairs{{"fp32", "rapid-fp32"},
                                                               {"fp16", "rapid"},
                                                               {"fp16", "core14"},
                                                               {"hfp8", "rapid"},
                                                               {"fp8", "rapid"},
                                                               {"fp4", "rapid-fp4"},
                                                               {"fp4-conv1x1-fp8", "rapid-fp4"},
                                                               {"int4", "rapid"},
                                                               {"int2", "rapid"},
                                                               {"int16", "rapid-fixed16"}};
  for (const auto& [recipe_name, machine_name] : pairs) {
    const Recipe recipe = load_recipe(recipe_name);
    const Accelerator machine = load_accelerator(machine_name);
    for (const Precision* precision : precisions(recipe)) {
      EXPECT_NO_THROW((void)require_mac_mode(machine, precision->fwd.a, precision->fwd.b)) << recipe_name;
      if (!recipe.training) continue;
      EXPECT_NO_THROW((void)require_mac_mode(machine, precision->dgrad.a, precision->dgrad.b)) << recipe_name;
      EXPECT_NO_THROW((void)require_mac_mode(machine, precision->wgrad.a, precision->wgrad.b)) << recipe_name;
    }
  }
}

}  // namespace
}  // namespace nibble
