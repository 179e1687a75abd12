#include "models/gemm/study.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "models/formats/array.hpp"

namespace nibble {
namespace {

GemmArithmetic dlfloat_arithmetic(std::uint32_t chunk) {
  GemmArithmetic arithmetic = default_arithmetic();
  arithmetic.tree_width = 1;  // as in the 2018 paper: every addition is rounded
  arithmetic.chunk_length = chunk;
  return arithmetic;
}

Matrix dlfloat_matrix(std::size_t rows, std::size_t columns, std::uint64_t tensor) {
  Matrix matrix = random_matrix(rows, columns, Distribution::lognormal, 3, tensor);
  const NumberFormat format = number_format("fp16");
  round_array(format, format.conversion, matrix.values, matrix.values);
  return matrix;
}

// Proves: the 2018 paper's result. A long dot product of positive numbers in DLFloat16 stops growing when its addends
// fall below half an ulp; chunks of 64 keep the addends of a like size.
TEST(Chunking, KeepsLongSumsFromSwamping) {
  const Matrix a = dlfloat_matrix(2, 16384, 0), b = dlfloat_matrix(16384, 2, 1);
  const ProductError flat = study_product(dlfloat_arithmetic(0), a, b);
  const ProductError chunked = study_product(dlfloat_arithmetic(64), a, b);
  EXPECT_GT(flat.swamping_loss, 0.3);
  EXPECT_LT(flat.bias, -0.2);
  EXPECT_LT(chunked.swamping_loss, 0.01);
  EXPECT_LT(std::fabs(chunked.bias), 0.01);
  EXPECT_LT(chunked.relative_rms, 0.02);
}

// Proves: the sum of n ones in DLFloat16: stops at 1024, where 1 is half an ulp of 2 and a tie goes up: it goes on in
// steps of 2 and stops at 2048; with chunks of 64 it is exact up to 64 x 1024.
TEST(Chunking, OnesByHand) {
  Matrix a{1, 16384}, b{16384, 1};
  for (float& x : a.values) x = 1;
  for (float& x : b.values) x = 1;
  EXPECT_EQ(gemm(dlfloat_arithmetic(0), a, b).at(0, 0), 2048.0F);
  EXPECT_EQ(gemm(dlfloat_arithmetic(64), a, b).at(0, 0), 16384.0F);
}

// Proves: for gradients spread evenly over the digits of the grid, the study finds what integration gives (README.md):
// one grid errs alike in both GEMMs; two phases err against one another, and halve nothing but the shared shrinkage.
TEST(TwoPhase, MatchesTheIntegralsOverOneDigit) {
  const double digit = std::log(4.0);
  TwoPhaseOptions single;
  single.single_grid = true;
  const TwoPhaseError one = study_two_phase(single, 0.5, 20000, 16, 1);
  const TwoPhaseError two = study_two_phase({}, 0.5, 20000, 16, 1);
  const double shrinkage = 1.2 / digit - 1;
  EXPECT_NEAR(one.dgrad.bias, shrinkage, 0.002);
  EXPECT_NEAR(one.dgrad.rms, std::sqrt(1 - 1.2 / digit), 0.002);
  EXPECT_NEAR(one.together.rms, one.dgrad.rms, 1e-12);
  EXPECT_NEAR(one.error_correlation, 1, 1e-12);
  EXPECT_NEAR(two.dgrad.rms, one.dgrad.rms, 0.002);
  EXPECT_NEAR(two.together.bias, shrinkage, 0.002);
  EXPECT_NEAR(two.together.rms, std::sqrt(1.08 / digit - 2.4 / digit + 1), 0.002);
  EXPECT_NEAR(two.error_correlation, (0.96 / digit - 2.4 / digit + 1) / (1 - 1.2 / digit), 0.005);
}

// Proves: the bias that depends on where a layer's gradients lie on the grid is large on one grid, and gone with two.
TEST(TwoPhase, TakesAwayTheBiasThatDependsOnTheScale) {
  for (const double spread : {0.2, 0.5}) {
    TwoPhaseOptions single;
    single.single_grid = true;
    const double one = study_two_phase(single, spread, 20000, 16, 1).bias_swing;
    const double two = study_two_phase({}, spread, 20000, 16, 1).bias_swing;
    EXPECT_GT(one, spread < 0.3 ? 0.2 : 0.025) << spread;
    EXPECT_LT(two, one / 5) << spread;
  }
}

}  // namespace
}  // namespace nibble
