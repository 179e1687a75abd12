#include "models/gemm/gemm.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "models/base/error.hpp"
#include "models/formats/array.hpp"
#include "models/gemm/accumulate.hpp"
#include "tests/unit/models/formats/exact_grid.hpp"

namespace nibble {
namespace {

using test::Rational;

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : bits_{seed, 0} {}
  std::uint32_t bits() { return bits_.at(next_++); }
  double uniform() { return bits() * 0x1p-32; }
  double normal() { return std::sqrt(-2 * std::log(uniform() + 0x1p-33)) * std::cos(6.283185307179586 * uniform()); }

 private:
  RandomBits bits_;
  std::uint64_t next_ = 0;
};

/// Values of a format: every code equally likely, or normal values rounded.
Matrix random_matrix(Draws& draws, std::size_t rows, std::size_t columns, const NumberFormat& format, bool all_codes,
                     double scale = 1.0) {
  Matrix matrix{rows, columns};
  for (float& x : matrix.values) {
    if (all_codes) {
      double value = decode(format, draws.bits() & format.code_mask());
      if (!std::isfinite(value)) value = 0;
      x = static_cast<float>(value);
    } else {
      x = static_cast<float>(round_to(format, format.conversion, draws.normal() * scale, draws.bits()));
    }
  }
  return matrix;
}

void expect_same_bits(const Matrix& got, const Matrix& expected, const std::string& what) {
  ASSERT_EQ(got.values.size(), expected.values.size());
  for (std::size_t i = 0; i < got.values.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(got.values[i]), std::bit_cast<std::uint32_t>(expected.values[i]))
        << what << " element " << i << ": " << std::hexfloat << got.values[i] << " for " << expected.values[i];
  }
}

/// The definition once more, in rationals over sorted lists of values: shares no arithmetic with models/gemm.
class RationalGemm {
 public:
  explicit RationalGemm(const GemmArithmetic& arithmetic)
      : arithmetic_{arithmetic}, chunk_{arithmetic.accumulator}, total_{arithmetic.chunk_accumulator} {}

  double element(const Matrix& a, const Matrix& b, std::size_t m, std::size_t n) const {
    Rational total = 0, chunk = 0;
    std::uint32_t in_chunk = 0;
    for (std::size_t k = 0; k < a.columns;) {
      Rational tree = 0;
      for (std::uint32_t i = 0; i < arithmetic_.tree_width && k < a.columns && in_chunk < arithmetic_.chunk_length; ++i) {
        tree += test::exact(a.at(m, k)) * test::exact(b.at(k, n));
        ++k;
        ++in_chunk;
      }
      chunk = rounded(arithmetic_.accumulator, chunk_, chunk + tree);
      if (in_chunk == arithmetic_.chunk_length || k == a.columns) {
        total = rounded(arithmetic_.chunk_accumulator, total_, total + chunk);
        chunk = 0;
        in_chunk = 0;
      }
    }
    return total.convert_to<double>();
  }

 private:
  static Rational rounded(const NumberFormat& format, const test::ExactGrid& grid, const Rational& x) {
    if (x == 0) return 0;
    const auto result = grid.round(abs(x), format.conversion, 0);
    if (result.code <= 0) return 0;
    EXPECT_LE(result.code, grid.largest()) << "overflow is another test's";
    const Rational magnitude = *test::exact_value(format, static_cast<std::uint32_t>(result.code));
    return x < 0 ? Rational(-magnitude) : magnitude;
  }

  GemmArithmetic arithmetic_;
  test::ExactGrid chunk_, total_;
};

struct Case {
  const char* a;
  const char* b;
  const char* accumulator;
  const char* total;
  std::uint32_t tree, chunk;
};

// Proves: the reference is the definition, against rationals.
TEST(GemmReference, EqualsTheDefinitionInRationals) {
  for (const Case& c : {Case{"int4", "fp4-radix4", "fp16", "fp16", 8, 32}, Case{"fp8-143", "fp8-152", "fp16", "fp16", 4, 16},
                        Case{"fp16", "fp16", "fp16", "fp16", 8, 64}, Case{"e4m3", "e5m2", "ieee16", "bf16", 3, 10},
                        Case{"bf16", "bf16", "bf16", "bf16", 1, 7}}) {
    GemmArithmetic arithmetic = default_arithmetic();
    arithmetic.accumulator = number_format(c.accumulator);
    arithmetic.chunk_accumulator = number_format(c.total);
    arithmetic.tree_width = c.tree;
    arithmetic.chunk_length = c.chunk;
    Draws draws{11};
    const Matrix a = random_matrix(draws, 3, 75, number_format(c.a), false, 0.7);
    const Matrix b = random_matrix(draws, 75, 3, number_format(c.b), false, 0.7);
    const RationalGemm rational{arithmetic};
    const Matrix got = gemm_reference(arithmetic, a, b);
    for (std::size_t m = 0; m < 3; ++m) {
      for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(got.at(m, n), rational.element(a, b, m, n)) << c.a << " " << c.b;
    }
  }
}

// Proves: every pair of codes of the small formats multiplies exactly (FP32 holds every such product).
TEST(Gemm, EveryPairOfCodesMultipliesExactly) {
  for (const auto& [left, right] : {std::pair{"int4", "fp4-radix4"}, {"int4", "int4"}, {"fp8-143", "fp8-143"},
                                    {"fp8-143", "fp8-152"}, {"e4m3", "e5m2"}, {"e2m1", "e2m1"}, {"int8", "int8"},
                                    {"int4", "fp4-radix4-odd"}, {"uint4", "fp4-luq"}, {"e3m2", "e2m3"}}) {
    const NumberFormat a_format = number_format(left), b_format = number_format(right);
    GemmArithmetic arithmetic = default_arithmetic();
    arithmetic.accumulator = arithmetic.chunk_accumulator = number_format("fp32");
    Matrix a{a_format.code_mask() + std::size_t{1}, 1}, b{1, b_format.code_mask() + std::size_t{1}};
    for (std::size_t i = 0; i < a.rows; ++i) a.at(i, 0) = static_cast<float>(decode(a_format, static_cast<std::uint32_t>(i)));
    for (std::size_t i = 0; i < b.columns; ++i) b.at(0, i) = static_cast<float>(decode(b_format, static_cast<std::uint32_t>(i)));
    const Matrix c = gemm(arithmetic, a, b);
    for (std::size_t m = 0; m < a.rows; ++m) {
      for (std::size_t n = 0; n < b.columns; ++n) {
        const float x = a.at(m, 0), y = b.at(0, n);
        if (!std::isfinite(x) || !std::isfinite(y)) {
          ASSERT_EQ(std::isnan(c.at(m, n)), std::isnan(x * y));
        } else {
          ASSERT_EQ(test::exact(c.at(m, n)), test::exact(x) * test::exact(y)) << x << " x " << y;
        }
      }
    }
  }
}

std::vector<Case> fast_cases() {
  return {{"int4", "fp4-radix4", "fp16", "fp16", 32, 64},   {"int4", "fp4-radix4-odd", "fp16", "fp16", 64, 64},
          {"uint4", "fp4-radix4", "fp16", "fp16", 7, 20},   {"int4", "int4", "fp16", "fp16", 64, 64},
          {"int4", "int4", "int32", "int32", 64, 0},        {"int8", "int8", "int32", "int32", 64, 128},
          {"fp8-143", "fp8-143", "fp16", "fp16", 16, 64},   {"fp8-143", "fp8-152", "fp16", "fp16", 16, 64},
          {"fp8-152", "fp8-152", "fp16", "fp16", 16, 0},    {"fp16", "fp16", "fp16", "fp16", 8, 64},
          {"fp16", "fp16", "fp32", "fp32", 8, 0},           {"e4m3", "e4m3", "fp32", "fp32", 32, 64},
          {"e4m3", "e5m2", "ieee16", "bf16", 5, 33},        {"e2m1", "e2m1", "ieee16", "ieee16", 16, 64},
          {"fp4-luq", "int4", "bf16", "fp32", 16, 64},      {"bf16", "bf16", "fp32", "fp32", 1, 0},
          {"int2", "int2", "fp16", "fp16", 128, 64},        {"fixed16", "fixed16", "fp16:underflow=nearest", "fp16", 8, 64}};
}

GemmArithmetic arithmetic_of(const Case& c) {
  GemmArithmetic arithmetic = default_arithmetic();
  arithmetic.accumulator = number_format(c.accumulator);
  arithmetic.chunk_accumulator = number_format(c.total);
  arithmetic.tree_width = c.tree;
  arithmetic.chunk_length = c.chunk;
  return arithmetic;
}

void expect_fast_equals_reference(const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b,
                                  const std::string& what) {
  const Matrix expected = gemm_reference(arithmetic, a, b);
  for (const SimdLevel level : available_simd_levels()) {
    for (const unsigned threads : {1U, 3U}) {
      expect_same_bits(gemm(arithmetic, a, b, {level, threads}), expected,
                       what + " on " + std::string{word_of(level)} + " with threads " + std::to_string(threads));
    }
  }
}

// Proves: on every instruction set and any number of threads the fast path has the reference's bits; odd shapes,
// values drawn normal and by code, output formats with one more rounding.
TEST(Gemm, EqualsTheReferenceOnRandomOperands) {
  Draws draws{5};
  for (const Case& c : fast_cases()) {
    GemmArithmetic arithmetic = arithmetic_of(c);
    for (const char* output : {"fp32", "fp16", "fp8-152"}) {
      arithmetic.output = number_format(output);
      arithmetic.output_scale = std::string{output} == "fp32" ? 1.0F : 0.0371F;
      const bool all_codes = draws.bits() % 2 == 0;
      const Matrix a = random_matrix(draws, 13, 150, number_format(c.a), all_codes);
      const Matrix b = random_matrix(draws, 150, 37, number_format(c.b), all_codes);
      expect_fast_equals_reference(arithmetic, a, b, std::string{c.a} + " x " + c.b);
    }
  }
}

/// Operands that are made to go wrong.
std::vector<std::pair<std::string, std::pair<Matrix, Matrix>>> adversarial(const NumberFormat& a_format,
                                                                           const NumberFormat& b_format) {
  Draws draws{17};
  std::vector<std::pair<std::string, std::pair<Matrix, Matrix>>> cases;
  const auto base = [&] {
    return std::pair{random_matrix(draws, 9, 96, a_format, true), random_matrix(draws, 96, 33, b_format, true)};
  };
  auto cancelling = base();
  for (std::size_t k = 1; k < 96; k += 2) {
    for (std::size_t m = 0; m < 9; ++m) cancelling.first.at(m, k) = -cancelling.first.at(m, k - 1);
    for (std::size_t n = 0; n < 33; ++n) cancelling.second.at(k, n) = cancelling.second.at(k - 1, n);
  }
  cases.emplace_back("cancellation", cancelling);
  auto large = base();
  for (float& x : large.first.values) x = static_cast<float>(x < 0 && a_format.is_signed ? -a_format.largest() : a_format.largest());
  for (float& x : large.second.values) x = static_cast<float>(b_format.largest());
  cases.emplace_back("saturation", large);
  auto small = base();
  for (float& x : small.first.values) x = static_cast<float>(x < 0 && a_format.is_signed ? -a_format.smallest() : a_format.smallest());
  for (float& x : small.second.values) x = static_cast<float>(b_format.smallest());
  cases.emplace_back("smallest values", small);
  auto zero = base();
  for (float& x : zero.first.values) x = std::signbit(x) ? -0.0F : 0.0F;
  cases.emplace_back("zeros of both signs", zero);
  auto special = base();
  special.first.at(2, 5) = std::numeric_limits<float>::quiet_NaN();
  special.first.at(4, 50) = std::bit_cast<float>(0xFFFFFFFFU);  // a NaN full of ones
  special.second.at(70, 3) = std::numeric_limits<float>::infinity();
  special.second.at(71, 3) = -std::numeric_limits<float>::infinity();
  special.second.at(0, 9) = std::numeric_limits<float>::infinity();
  special.first.at(7, 0) = 0;  // zero times infinity
  cases.emplace_back("NaN and infinity", special);
  auto extremes = base();
  for (std::size_t k = 0; k < 96; ++k) {
    const bool huge = k % 3 == 0;
    for (std::size_t m = 0; m < 9; ++m) extremes.first.at(m, k) = static_cast<float>(huge ? a_format.largest() : a_format.smallest());
    for (std::size_t n = 0; n < 33; ++n) {
      extremes.second.at(k, n) = static_cast<float>(huge ? b_format.largest() : b_format.smallest());
      if (b_format.is_signed && k % 6 == 3) extremes.second.at(k, n) = -extremes.second.at(k, n);
    }
  }
  cases.emplace_back("both ends of the range", extremes);
  return cases;
}

// Proves: cancellation, overflow, underflow, NaN, infinities and zeros end in the same bits on every path.
TEST(Gemm, EqualsTheReferenceOnAdversarialOperands) {
  for (const Case& c : fast_cases()) {
    GemmArithmetic arithmetic = arithmetic_of(c);
    for (const auto& [what, operands] : adversarial(number_format(c.a), number_format(c.b))) {
      const std::string text = std::string{c.a} + " x " + c.b + " into " + c.accumulator + ", " + what;
      expect_fast_equals_reference(arithmetic, operands.first, operands.second, text);
      if (arithmetic.chunk_accumulator.precision() > 24) continue;
      GemmArithmetic unconverted = arithmetic;  // totals leave as they are
      unconverted.output = arithmetic.chunk_accumulator;
      expect_fast_equals_reference(unconverted, operands.first, operands.second, text + ", and out as such");
    }
  }
}

// Proves: operands too widely spread for a proof: sums that are watched while they are formed, and those which then
// turn out inexact, have the reference's bits, too.
TEST(Gemm, EqualsTheReferenceWhereNoProofHolds) {
  Draws draws{29};
  for (const int spread : {12, 20, 30}) {
    for (const char* accumulator : {"fp16", "ieee16", "fp32"}) {
      GemmArithmetic arithmetic = default_arithmetic();
      arithmetic.tree_width = 8;
      arithmetic.accumulator = arithmetic.chunk_accumulator = number_format(accumulator);
      Matrix a = random_matrix(draws, 13, 200, number_format("fp16"), false);
      Matrix b = random_matrix(draws, 200, 37, number_format("fp16"), false);
      for (Matrix* matrix : {&a, &b}) {
        for (float& x : matrix->values) x = std::ldexp(x, -static_cast<int>(draws.bits() % static_cast<unsigned>(spread)));
      }
      expect_fast_equals_reference(arithmetic, a, b, std::string{accumulator} + " over " + std::to_string(spread));
    }
  }
}

// Proves: integers are not taken for granted from a sample: one value off the sample's grid, or beyond 16 bits, counts.
TEST(Gemm, FindsTheOneValueThatIsNoSmallInteger) {
  Draws draws{31};
  const GemmArithmetic arithmetic = default_arithmetic();
  const Matrix a = random_matrix(draws, 64, 300, number_format("int4"), true);
  const Matrix b = random_matrix(draws, 300, 20, number_format("fp4-radix4"), true);
  for (const float odd : {0.375F, 0x1p-130F, 40000.0F, 0x1p90F, std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{700}, std::size_t{1299}}) {
      Matrix left = a, right = b;
      left.values[at] = odd;
      expect_fast_equals_reference(arithmetic, left, b, "A with " + std::to_string(odd));
      right.values[at] = odd;
      expect_fast_equals_reference(arithmetic, a, right, "B with " + std::to_string(odd));
    }
  }
}

// Proves: roundings other than the formats' own, saturating accumulators and cut trees agree, too.
TEST(Gemm, EqualsTheReferenceUnderOtherRules) {
  Draws draws{23};
  const Matrix a = random_matrix(draws, 9, 100, number_format("fp8-143"), true);
  const Matrix b = random_matrix(draws, 100, 20, number_format("fp8-152"), true);
  for (const Rounding rounding : {Rounding::nearest_even, Rounding::nearest_away, Rounding::radix4_threshold,
                                  Rounding::toward_zero, Rounding::stochastic}) {
    for (const Overflow overflow : {Overflow::saturate, Overflow::special}) {
      GemmArithmetic arithmetic = default_arithmetic();
      arithmetic.tree_width = 12;
      arithmetic.accumulator.conversion.rounding = rounding;
      arithmetic.accumulator.conversion.overflow = overflow;
      arithmetic.chunk_accumulator.conversion.overflow = overflow;
      arithmetic.seed = 99;
      expect_fast_equals_reference(arithmetic, a, b, std::string{word_of(rounding)});
    }
  }
  GemmArithmetic cut = default_arithmetic();
  cut.tree_fraction_bits = 6;
  expect_fast_equals_reference(cut, a, b, "cut tree");
}

// Proves: a hand-worked sum. DLFloat16's ulp at 1024 is 2, so that adding 0.5 changes nothing and adding 1, a tie,
// goes up; with trees of one product each addition is rounded, with a tree of four only the sum.
TEST(Gemm, RoundsOnceATree) {
  GemmArithmetic arithmetic = default_arithmetic();
  arithmetic.tree_width = 1;
  Matrix a{1, 4}, b{4, 1};
  b.values = {1, 1, 1, 1};
  a.values = {1024, 0.5, 0.5, 0.5};
  EXPECT_EQ(gemm(arithmetic, a, b).at(0, 0), 1024.0F);
  a.values = {1024, 1, 1, 1};
  EXPECT_EQ(gemm(arithmetic, a, b).at(0, 0), 1030.0F);
  arithmetic.tree_width = 4;
  EXPECT_EQ(gemm(arithmetic, a, b).at(0, 0), 1028.0F);  // 1027, a tie
  a.values = {1024, 0.5, 0.5, 0.5};
  EXPECT_EQ(gemm(arithmetic, a, b).at(0, 0), 1026.0F);  // 1025.5
}

// Proves: what cannot be multiplied is refused with a stable id.
TEST(Gemm, RefusesWhatDoesNotFit) {
  const auto id_of = [](const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b) {
    try {
      (void)gemm(arithmetic, a, b);
    } catch (const InputError& error) {
      return error.problems().front().id;
    }
    return std::string{};
  };
  EXPECT_EQ(id_of(default_arithmetic(), Matrix{2, 3}, Matrix{4, 2}), "GEMM-SHAPE");
  GemmArithmetic no_tree = default_arithmetic();
  no_tree.tree_width = 0;
  EXPECT_EQ(id_of(no_tree, Matrix{2, 3}, Matrix{3, 2}), "GEMM-ARITHMETIC");
  GemmArithmetic wide = default_arithmetic();
  wide.output = number_format("int32");
  EXPECT_EQ(id_of(wide, Matrix{2, 3}, Matrix{3, 2}), "GEMM-ARITHMETIC");
}

}  // namespace
}  // namespace nibble
