#pragma once

#include "models/gemm/exact_sum.hpp"
#include "models/gemm/gemm.hpp"

namespace nibble {

/// One element of C before its output conversion, by the definition of GemmArithmetic: what every path must equal.
///
/// `a` and `b`: k values, strides apart. `element`: m x N + n, which keys stochastic rounding. Returns what total
/// is: a value of the last accumulator's format, +0 for zero, NaN for every NaN.
[[nodiscard]] double accumulate_element(const GemmArithmetic& arithmetic, const float* a, std::size_t a_stride,
                                        const float* b, std::size_t b_stride, std::size_t k, std::uint64_t element);

/// Share of what was added that was lost whole: tree sums that left their accumulator as it was, by magnitude.
struct SwampingCount {
  double lost = 0;   ///< sum of |addend| over additions that changed nothing
  double added = 0;  ///< sum of |addend|
};

/// As above; counts the additions of both levels.
[[nodiscard]] double accumulate_element(const GemmArithmetic& arithmetic, const float* a, std::size_t a_stride,
                                        const float* b, std::size_t b_stride, std::size_t k, std::uint64_t element,
                                        SwampingCount& swamping);

/// total x output_scale, exactly, rounded once into the output format.
[[nodiscard]] float convert_output(const GemmArithmetic& arithmetic, double total, std::uint64_t element);

/// convert_output over consecutive elements of C, vectorised where one rounding can be had so.
void convert_outputs(const GemmArithmetic& arithmetic, const double* totals, float* outputs, std::size_t count,
                     std::uint64_t first_element, SimdLevel level);

}  // namespace nibble
