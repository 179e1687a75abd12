#include <fmt/format.h>

#include <cmath>

#include "models/base/error.hpp"
#include "models/gemm/accumulate.hpp"
#include "models/gemm/gemm.hpp"

namespace nibble {

GemmArithmetic default_arithmetic() {
  GemmArithmetic arithmetic;
  arithmetic.accumulator = number_format("fp16");
  arithmetic.chunk_accumulator = number_format("fp16");
  arithmetic.output = number_format("fp32");
  return arithmetic;
}

void check_gemm(const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b) {
  if (a.columns != b.rows) {
    throw InputError{"GEMM-SHAPE", fmt::format("A is {} x {}, B is {} x {}", a.rows, a.columns, b.rows, b.columns),
                     "A's columns are B's rows: the reduction"};
  }
  if (arithmetic.tree_width == 0) throw InputError{"GEMM-ARITHMETIC", "tree width 0", "at least 1 product"};
  if (arithmetic.tree_fraction_bits > 60) {
    throw InputError{"GEMM-ARITHMETIC", fmt::format("{} fraction bits in the tree", arithmetic.tree_fraction_bits),
                     "0 for exact sums, or 1 to 60"};
  }
  if (arithmetic.output.precision() > 24) {
    throw InputError{"GEMM-ARITHMETIC", fmt::format("output format {} has more than 24 significant bits",
                                                    arithmetic.output.name), "fp32 holds 24"};
  }
  if (!std::isfinite(arithmetic.output_scale)) {
    throw InputError{"GEMM-ARITHMETIC", "the output scale is not finite"};
  }
}

Matrix gemm_reference(const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b) {
  check_gemm(arithmetic, a, b);
  Matrix c{a.rows, b.columns};
  for (std::size_t m = 0; m < c.rows; ++m) {
    for (std::size_t n = 0; n < c.columns; ++n) {
      const std::uint64_t element = m * c.columns + n;
      const double total = accumulate_element(arithmetic, a.values.data() + m * a.columns, 1, b.values.data() + n,
                                              b.columns, a.columns, element);
      c.at(m, n) = convert_output(arithmetic, total, element);
    }
  }
  return c;
}

}  // namespace nibble
