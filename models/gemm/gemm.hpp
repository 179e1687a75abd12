#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/formats/number_format.hpp"
#include "models/formats/simd_level.hpp"

namespace nibble {

/// How a machine multiplies matrices: everything that decides the bits of the result.
///
/// For each element of C, over k in ascending order:
///   chunk   = 0                                    once for each chunk_length products
///   chunk   = accumulator(chunk + tree)            tree: the exact sum of the next tree_width products
///   total   = chunk_accumulator(total + chunk)     at the end of each chunk
///   C[m, n] = output(total x output_scale)
/// where format(x) is one rounding by the format's own conversion rules. The last tree of a chunk and the last chunk
/// may be short. A zero sum is +0.
struct GemmArithmetic {
  std::uint32_t tree_width = 64;          ///< products summed before each rounding; at least 1
  /// 0: trees are exact. Else each product is aligned to its tree's largest exponent and cut, towards zero, after
  /// this many bits below that exponent; the cut products are summed exactly. 1 to 60.
  std::uint32_t tree_fraction_bits = 0;
  NumberFormat accumulator;               ///< at most 32 bits
  std::uint32_t chunk_length = 64;        ///< products; 0: one level, the accumulator is the total
  NumberFormat chunk_accumulator;
  NumberFormat output;                    ///< at most 24 significant bits
  float output_scale = 1.0F;
  std::uint64_t seed = 0;                 ///< of stochastic roundings, each keyed by element and step
};

/// DLFloat16 accumulation in chunks of 64 below exact trees of 64, FP32 out: the machine of 2020.
[[nodiscard]] GemmArithmetic default_arithmetic();

/// A row-major matrix of values that the operand format holds: what codes decode to.
struct Matrix {
  std::size_t rows = 0, columns = 0;
  std::vector<float> values;

  Matrix() = default;
  Matrix(std::size_t r, std::size_t c) : rows{r}, columns{c}, values(r * c) {}

  [[nodiscard]] float& at(std::size_t row, std::size_t column) { return values[row * columns + column]; }
  [[nodiscard]] float at(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
};

/// C = A x B, one element after the other by the definition above. The text to read; slow.
[[nodiscard]] Matrix gemm_reference(const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b);

struct GemmOptions {
  SimdLevel level = best_simd_level();
  unsigned threads = 1;
};

/// The same bits, fast. Where exactness in the machine's own arithmetic cannot be proved from the operands' exponents,
/// the elements concerned are computed exactly in wide integers. InputError [GEMM-SHAPE], [GEMM-ARITHMETIC].
[[nodiscard]] Matrix gemm(const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b,
                          const GemmOptions& options = {});

/// The same into a matrix that may be there already; it takes C's shape. Not A or B itself.
void gemm(const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b, Matrix& c, const GemmOptions& options);

/// Throws what gemm() throws on operands or an arithmetic that don't fit.
void check_gemm(const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b);

}  // namespace nibble
