#pragma once

#include <cstdint>
#include <vector>

#include "models/gemm/gemm.hpp"

namespace nibble {

/// accumulate_element for many elements of one product, quicker: exact sums in 128-bit integers where they fit, which
/// they nearly always do, and by accumulate_element where not.
class WideAccumulator {
 public:
  /// Exact trees and no stochastic accumulator.
  WideAccumulator(const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b);

  /// What accumulate_element says of C[m, n].
  [[nodiscard]] double element(std::size_t m, std::size_t n);

 private:
  /// value = integer x 2^exponent, the integer odd or zero.
  struct Term {
    std::int64_t integer = 0;
    int exponent = 0;
  };
  struct Terms {
    std::size_t index = SIZE_MAX;  ///< the row or column that they are of
    bool finite = true;
    std::vector<Term> terms;
  };

  static Term term_of(double value);
  static void load(Terms& terms, std::size_t index, const float* values, std::size_t stride, std::size_t count);
  /// One addition of terms to a register; false if the sum does not fit.
  bool add(const NumberFormat& format, double& value);

  const GemmArithmetic& arithmetic_;
  const Matrix& a_;
  const Matrix& b_;
  Terms row_, column_;
  std::vector<Term> sum_;  ///< what is being added
};

}  // namespace nibble
