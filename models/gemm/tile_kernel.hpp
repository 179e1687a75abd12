#pragma once

#include <cstddef>
#include <cstdint>

namespace nibble::tile_kernel {

/// What the trees of a GEMM are summed in. Each is exact where the operands' exponents allow it, or it is not used.
enum class Arithmetic : std::uint32_t {
  int16,    ///< 16-bit integers into 32-bit sums of less than 2^24
  float32,  ///< sums of at most 24 bits
  float64,  ///< sums of at most 53 bits
};

/// The rounding of an accumulator, on the bits of a float or a double that holds the exact sum cut after its last
/// place: bits = (bits + increment + (lowest kept bit & even)) & keep.
struct RoundingRule {
  bool sticky = false;         ///< what was cut must be told from nothing: ties depend on it
  bool identity = false;       ///< sums are the format's own values, or the processor's own rounding is the format's
  std::uint32_t drop = 0;      ///< bits below the last kept one
  std::uint64_t increment = 0;
  std::uint64_t even = 0;
  std::uint64_t keep = 0;
  bool bounded = false;        ///< neither end of the range can be reached: `smallest` and `largest` are not asked
  double smallest = 0;         ///< magnitudes below become +0
  double largest = 0;          ///< magnitudes above become `beyond`, with their sign
  double beyond = 0;
};

/// `length` products (pairs, for int16) that one tree sums; the chunk ends after it, or not.
struct Tree {
  std::uint32_t length = 0;
  std::uint32_t ends_chunk = 0;
};

struct Plan {
  Arithmetic arithmetic = Arithmetic::float64;
  bool chunked = true;
  RoundingRule chunk, total;
  float unit = 1;              ///< int16: what a product of 1 x 1 is worth, a power of two
  const Tree* trees = nullptr;
  std::size_t tree_count = 0;
};

/// Rows and columns of the tile of C that one call computes, by arithmetic and instruction set.
struct TileShape {
  std::size_t rows = 0, columns = 0;
};

/// totals[row x columns + column] of one tile. `a`: for each step, one value (int16: a pair) of every tile row;
/// `b`: of every tile column.
using Tile = void (*)(const Plan& plan, const void* a, const void* b, double* totals);

struct Kernels {
  TileShape int16_shape, float32_shape, float64_shape;
  Tile int16, float32, float64;
};

extern const Kernels kBaseline, kAvx2, kAvx512;

}  // namespace nibble::tile_kernel
