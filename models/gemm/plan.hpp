#pragma once

#include <vector>

#include "models/gemm/gemm.hpp"
#include "models/gemm/tile_kernel.hpp"

namespace nibble {

/// What exactness proofs need to know of some operand values: all are multiples of 2^lowest of at most `largest`.
struct OperandRange {
  int lowest = 0;          ///< meaningless while largest is 0
  double largest = 0;
  bool finite = true;      ///< no infinity, no NaN

  void include(const tile_kernel::Scan& scan);
  void include(const OperandRange& other);
};

/// Sums of products of values from two ranges, `width` to a tree and `count` in all.
struct SumRange {
  int lowest = 0;          ///< every product is a multiple of 2^lowest
  double tree = 0;         ///< bound of every partial sum of a tree
  double total = 0;        ///< bound of the sum of all magnitudes
  bool finite = true;

  SumRange(const OperandRange& a, const OperandRange& b, std::size_t width, std::size_t count);
  /// Every partial sum of a tree is an integer x 2^lowest below 2^bits.
  [[nodiscard]] bool fits(int bits) const;
};

/// Whether `arithmetic`'s accumulators can be done by the tile kernels on sums of this range, in 24- or 53-bit
/// significands, with the same bits as accumulate_element.
[[nodiscard]] bool has_rules(const GemmArithmetic& gemm, tile_kernel::Arithmetic arithmetic, const SumRange& range);

/// The kernels' plan; only where has_rules. `trees` stays with the caller.
[[nodiscard]] tile_kernel::Plan make_plan(const GemmArithmetic& gemm, tile_kernel::Arithmetic arithmetic,
                                          const SumRange& range, std::size_t k,
                                          const std::vector<tile_kernel::Tree>& trees);

/// One tree's place in the reduction.
struct TreeSpan {
  std::size_t begin = 0, length = 0;
  bool ends_chunk = false;
};
[[nodiscard]] std::vector<TreeSpan> tree_spans(const GemmArithmetic& gemm, std::size_t k);

}  // namespace nibble
