#include "models/gemm/operands.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "models/config/accelerator.hpp"
#include "models/gemm/machine.hpp"
#include "models/gemm/study.hpp"

namespace nibble {
namespace {

Precision fp4_precision() { return load_recipe("fp4").precision; }

// Proves: each pass of the 4-bit recipe gets the quantiser of each operand, on the grid of its GEMM.
TEST(QuantiseOperands, FollowTheRecipe) {
  Matrix a{1, 2}, b{2, 1};
  a.values = {3, -3};
  b.values = {0.5F, -0.5F};
  const PassOperands fwd = quantise_operands(fp4_precision(), GemmPass::fwd, a, b);
  EXPECT_EQ(fwd.a.values, (std::vector<float>{6, 0})) << "PACT: 3 / (8 / 15) = 5.6, negatives clip";
  EXPECT_EQ(fwd.b.values[0], -fwd.b.values[1]);
  const PassOperands dgrad = quantise_operands(fp4_precision(), GemmPass::dgrad, a, b);
  // GradScale brings 3 to 48, in (32, 64]: above 40, 64 on the even grid.
  EXPECT_EQ(dgrad.a.values, (std::vector<float>{64, -64}));
  const PassOperands wgrad = quantise_operands(fp4_precision(), GemmPass::wgrad, a, b);
  EXPECT_EQ(wgrad.b.values, (std::vector<float>{32, -32})) << "0.5 becomes 64 by scaling up: (32, 64]; odd grid 32 up to 80";
}

// Proves: the scale undoes the quantisers': the scaled product is near the FP64 product.
TEST(QuantiseOperands, ScaleBringsTheProductBack) {
  const Matrix a = random_matrix(8, 256, Distribution::lognormal, 1, 0), b = random_matrix(256, 8, Distribution::normal, 1, 1);
  for (const char* recipe : {"fp4", "hfp8", "fp16", "fp32"}) {
    const Precision precision = load_recipe(recipe).precision;
    for (const GemmPass pass : {GemmPass::fwd, GemmPass::dgrad, GemmPass::wgrad}) {
      const PassOperands operands = quantise_operands(precision, pass, a, b);
      double error = 0, size = 0;
      for (std::size_t m = 0; m < 8; ++m) {
        for (std::size_t n = 0; n < 8; ++n) {
          double exact = 0, quantised = 0;
          for (std::size_t k = 0; k < 256; ++k) {
            exact += double{a.at(m, k)} * double{b.at(k, n)};
            quantised += double{operands.a.at(m, k)} * double{operands.b.at(k, n)} * double{operands.scale};
          }
          error += (exact - quantised) * (exact - quantised);
          size += exact * exact;
        }
      }
      // Half an ulp of 1-5-2 is an eighth; radix-4 gradients err by 37 % each, and shrink by 13 %.
      const double limit = std::string{recipe} == "fp4" ? 0.6 : (std::string{recipe} == "hfp8" ? 0.125 : 0.01);
      EXPECT_LT(std::sqrt(error / size), limit) << recipe << static_cast<int>(pass);
    }
  }
}

// Proves: blocks run along the reduction of either operand.
TEST(QuantiseOperands, BlocksRunAlongTheReduction) {
  Precision precision;
  precision.fwd = {"mxfp4", "mxfp4", "fp32"};
  Matrix a{2, 64}, b{64, 2};
  for (std::size_t k = 0; k < 64; ++k) {
    a.at(0, k) = 1;
    a.at(1, k) = 1024;
    b.at(k, 0) = 1;
    b.at(k, 1) = 1024;
  }
  const PassOperands operands = quantise_operands(precision, GemmPass::fwd, a, b);
  EXPECT_EQ(operands.a.values, a.values);
  EXPECT_EQ(operands.b.values, b.values) << "a block across columns would flush the ones";
}

// Proves: the machine's order comes from its array: rows x MACs of a lane to a tree.
TEST(MachineArithmetic, ComesFromTheArray) {
  const Accelerator accelerator = load_accelerator("rapid");
  const MacMode& mode = require_mac_mode(accelerator, "fp8-143", "fp8-143");
  const GemmArithmetic arithmetic = machine_arithmetic(accelerator.core.mpe, mode, "fp8-143", "fp8-143", "fp16");
  EXPECT_EQ(arithmetic.tree_width, accelerator.core.mpe.rows * mode.macs_per_lane);
  EXPECT_EQ(arithmetic.accumulator.name, "fp16");
  EXPECT_EQ(arithmetic.chunk_length, 64U);
  EXPECT_EQ(machine_arithmetic(accelerator.core.mpe, mode, "fp8-143", "fp8-143", "fp16", {.chunk_length = 0, .tree_width = 3}).tree_width, 3U);
}

// Proves: outputs that stay meet only their lane's products, and wide ones need no chunks.
TEST(MachineArithmetic, OutputsThatStaySumALanesProducts) {
  MpeArray mpe = load_accelerator("rapid").core.mpe;
  mpe.dataflow = Dataflow::output_stationary;
  const MacMode narrow{"hfp8-fwd", {"fp8-143", "fp8-143"}, 2, "fp16"}, wide{"int4", {"int4", "int4"}, 8, "int32"};
  const GemmArithmetic halves = machine_arithmetic(mpe, narrow, "fp8-143", "fp8-143", "fp16");
  EXPECT_EQ(halves.tree_width, 2U);
  EXPECT_EQ(halves.chunk_length, 64U);
  const GemmArithmetic integers = machine_arithmetic(mpe, wide, "int4", "int4", "fp32");
  EXPECT_EQ(integers.tree_width, 8U);
  EXPECT_EQ(integers.chunk_length, 0U);
}

// Proves: fixed point is summed in full: products of <8,8> have their point at 16, and so has the accumulator.
TEST(MachineArithmetic, FixedPointSumsInUnitsOfItsProducts) {
  MpeArray mpe;
  mpe.rows = 8;
  const MacMode mode{"fixed16", {"fixed16", "fixed16"}, 1, "int32"};
  const GemmArithmetic arithmetic = machine_arithmetic(mpe, mode, "fixed16", "fixed16", "fp32");
  Matrix a{1, 3}, b{3, 1};
  a.values = {0x1p-8F, 1.5F, -2};
  b.values = {0x1p-8F, 3, 0.25F};
  EXPECT_EQ(gemm(arithmetic, a, b).at(0, 0), 4.0F + 0x1p-16F);
}

}  // namespace
}  // namespace nibble
