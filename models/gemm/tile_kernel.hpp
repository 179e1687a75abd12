#pragma once

#include <cstddef>
#include <cstdint>

#include "models/formats/simd_level.hpp"

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
  double smallest = 0;         ///< magnitudes below become +0; in units of the plan
  double largest = 0;          ///< magnitudes above become `beyond`, with their sign; in units of the plan
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
  double unit = 1;             ///< what 1 in a register is worth, a power of two: int16's products of 1 x 1
  std::size_t row_steps = 0;   ///< steps from one row of A to the next
  const Tree* trees = nullptr;
  std::size_t tree_count = 0;
};

/// Rows and columns of the tile of C that one call computes, by arithmetic and instruction set.
struct TileShape {
  std::size_t rows = 0, columns = 0;
};

/// totals[row x columns + column] of one tile. `a`: row after row, a value (int16: a pair) for each step; `b`: for each
/// step, one of every tile column.
using Tile = void (*)(const Plan& plan, const void* a, const void* b, double* totals);

/// The same where no proof says that trees are exact: inexact[row x columns + column] is 0 where they were; a total is
/// worthless where they were not.
using CheckedTile = void (*)(const Plan& plan, const void* a, const void* b, double* totals, std::uint8_t* inexact);

/// What some floats are made of, for exactness proofs.
struct Scan {
  std::int32_t lowest = 0;     ///< every finite value is a multiple of 2^lowest; kNone if all are zero
  std::uint32_t largest = 0;   ///< float bits of the largest finite magnitude
  std::uint32_t special = 0;   ///< not zero if there is an infinity or NaN

  static constexpr std::int32_t kNone = 1 << 20;
};
/// Of `rows` rows of `count` floats, `stride` apart.
using ScanFloats = Scan (*)(const float* values, std::size_t rows, std::size_t stride, std::size_t count);

/// A stretch of the products of one operand, as the tile reads them: for each step, `lanes` operands (int16: pairs).
/// Value k of lane i is values[i * lane_stride + k * step_stride]; lanes from `used` on become zero, and so does the
/// missing half of a last pair.
struct StretchValues {
  const float* values = nullptr;
  std::size_t lane_stride = 0, step_stride = 0;
  std::size_t used = 0, lanes = 0;
  std::size_t length = 0;
};
using PackFloats = void (*)(const StretchValues& stretch, void* out);

/// int16 operands are values x unit, a power of two. Returns the largest magnitude among them; NaN if some value is no
/// integer in that unit: the operands are then worthless, and so they are beyond 32767.
using PackIntegers = float (*)(const StretchValues& stretch, float unit, void* out);

/// outputs[i] = totals[i] x scale, for one more rounding to come: cut after float's last place, which is odd where
/// something was cut; or rounded by the processor, the last one (`nearest`). False if a product lies outside the
/// exponents where floats have all their bits (zero does not): the outputs are then worthless.
using ScaleTotals = bool (*)(const double* totals, double scale, bool nearest, float* outputs, std::size_t count);

struct Kernels {
  ScaleTotals scale_totals;
  ScanFloats scan;
  TileShape int16_shape, narrow_int16_shape, float32_shape, float64_shape, checked_shape;
  Tile int16, narrow_int16, float32, float64;
  CheckedTile checked_float64;
  PackIntegers pack_int16;
  PackFloats pack_float32, pack_float64;
};

extern const Kernels kBaseline, kAvx2, kAvx512;

/// InternalError if this machine lacks the level.
[[nodiscard]] const Kernels& kernels_of(SimdLevel level);

}  // namespace nibble::tile_kernel
