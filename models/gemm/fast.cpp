#include <algorithm>
#include <cmath>
#include <memory>
#include <thread>

#include "models/gemm/accumulate.hpp"
#include "models/gemm/gemm.hpp"
#include "models/gemm/packing.hpp"
#include "models/gemm/plan.hpp"
#include "models/gemm/wide.hpp"

namespace nibble {
namespace {

using packing::find_ranges;
using packing::Layout;
using packing::pack;
using packing::Packed;
using packing::Ranges;
using packing::sampled_range;
using packing::stretch_ends;
using packing::Vectors;
using tile_kernel::Arithmetic;

constexpr int kLowestExponent = -120;  // so that float sums stay clear of float's subnormals and of its end
constexpr double kLargestFloatSum = 0x1p120;

/// Whether every value is a 16-bit integer in units of the range's last place.
bool fits_int16(const OperandRange& range) {
  return range.finite && std::abs(range.lowest) <= -kLowestExponent && range.largest * std::ldexp(1.0, -range.lowest) <= 32767.0;
}

/// The cheapest arithmetic that is exact on all of both operands; float64 is checked tile by tile.
Arithmetic choose_arithmetic(const GemmArithmetic& gemm, const OperandRange& a, const OperandRange& b,
                             const SumRange& sums) {
  const bool in_range = sums.lowest >= kLowestExponent && sums.total <= kLargestFloatSum;
  if (in_range && sums.fits(24)) {
    if (fits_int16(a) && fits_int16(b) && has_rules(gemm, Arithmetic::int16, sums)) return Arithmetic::int16;
    if (has_rules(gemm, Arithmetic::float32, sums)) return Arithmetic::float32;
  }
  return Arithmetic::float64;
}

/// Trees cut short of exactness, and stochastic accumulators: element by element, whatever the operands.
bool needs_definition(const GemmArithmetic& gemm) {
  return gemm.tree_fraction_bits != 0 || gemm.accumulator.conversion.rounding == Rounding::stochastic ||
         (gemm.chunk_length != 0 && gemm.chunk_accumulator.conversion.rounding == Rounding::stochastic);
}

/// One product on its way: what its tiles share. Reading it is all that threads do.
class Product {
 public:
  Product(const GemmArithmetic& gemm, const Matrix& a, const Matrix& b, SimdLevel level)
      : gemm_{gemm}, a_{a}, b_{b}, level_{level}, kernels_{tile_kernel::kernels_of(level)},
        rows_{a.values.data(), a.rows, a.columns, 1, a.columns}, columns_{b.values.data(), b.columns, 1, b.columns, b.rows},
        by_definition_{needs_definition(gemm)} {
    shape_ = kernels_.float64_shape;
    if (by_definition_) return;
    spans_ = tree_spans(gemm, a.columns);
    if (prepare_sampled_integers()) return;
    const std::vector<std::size_t> ends = stretch_ends(spans_);
    row_ranges_ = find_ranges(rows_, ends, shape_.rows, kernels_.scan);
    column_ranges_ = find_ranges(columns_, ends, shape_.columns, kernels_.scan);
    const OperandRange left = row_ranges_.whole(), right = column_ranges_.whole();
    const SumRange sums{left, right, width(), a.columns};
    arithmetic_ = choose_arithmetic(gemm, left, right, sums);
    if (arithmetic_ == Arithmetic::int16) {
      prepare_integers(left, right);
    } else {
      prepare_floats(sums);
    }
  }

  [[nodiscard]] std::size_t row_panels() const { return (a_.rows + shape_.rows - 1) / shape_.rows; }

  /// Rows of C of these panels, a few panels at a time: while they go by, one panel of columns stays in the cache.
  void compute(std::size_t first_panel, std::size_t last_panel, Matrix& c) const {
    constexpr std::size_t kPanelsAtOnce = 8;
    const auto totals = std::make_unique_for_overwrite<double[]>(kPanelsAtOnce * shape_.rows * c.columns);
    Scratch scratch{WideAccumulator{gemm_, a_, b_}, std::vector<double>(shape_.rows * shape_.columns),
                    std::vector<std::uint8_t>(shape_.rows * shape_.columns), {}};
    for (std::size_t begin = first_panel; begin < last_panel; begin += kPanelsAtOnce) {
      const std::size_t end = std::min(last_panel, begin + kPanelsAtOnce);
      const std::size_t row0 = begin * shape_.rows, rows = std::min(a_.rows, end * shape_.rows) - row0;
      if (by_definition_) {
        compute_by_definition(row0, rows, totals.get());
      } else {
        const std::byte* packed = packed_rows(row0, rows, scratch.rows);
        for (std::size_t column = 0; column < right_.panels; ++column) {
          for (std::size_t row = begin; row < end; ++row) {
            const std::size_t above = (row - begin) * shape_.rows;
            compute_tile(row, column, packed + above * row_bytes_, scratch, totals.get() + above * c.columns);
          }
        }
      }
      const std::size_t element = row0 * c.columns;
      convert_outputs(gemm_, totals.get(), c.values.data() + element, rows * c.columns, element, level_);
    }
  }

 private:
  /// What a thread computes tiles in.
  struct Scratch {
    WideAccumulator wide;
    std::vector<double> tile;
    std::vector<std::uint8_t> inexact;
    Packed rows;  ///< floats: of A, for a few panels
  };

  /// Takes a sample for the whole and lets the packing find out whether that was right; false: it was not.
  bool prepare_sampled_integers() {
    const OperandRange left = sampled_range(a_, kernels_.scan), right = sampled_range(b_, kernels_.scan);
    if (!fits_int16(left) || !fits_int16(right)) return false;
    const SumRange sums{left, right, width(), a_.columns};
    if (choose_arithmetic(gemm_, left, right, sums) != Arithmetic::int16) return false;
    return prepare_integers(left, right);
  }

  bool prepare_integers(OperandRange left, OperandRange right) {
    const bool narrow = b_.columns <= kernels_.narrow_int16_shape.columns;
    const tile_kernel::TileShape shape = narrow ? kernels_.narrow_int16_shape : kernels_.int16_shape;
    layout_ = {2, 4};  // pairs
    if (!pack_integers(rows_, 1, shape.rows, left, left_)) return false;
    if (!pack_integers(columns_, shape.columns, 1, right, right_)) return false;
    const SumRange sums{left, right, width(), a_.columns};
    if (choose_arithmetic(gemm_, left, right, sums) != Arithmetic::int16) return false;
    shape_ = shape;
    kernel_ = narrow ? kernels_.narrow_int16 : kernels_.int16;
    arithmetic_ = Arithmetic::int16;
    finish_plan(sums);
    return true;
  }

  /// `range`: its unit is kept, its largest magnitude is found anew.
  bool pack_integers(const Vectors& source, std::size_t lanes, std::size_t grain, OperandRange& range,
                     Packed& packed) const {
    const float unit = std::ldexp(1.0F, -range.lowest);
    float largest = 0;
    const auto pack_stretch = [&](const tile_kernel::StretchValues& stretch, std::byte* out) {
      const float magnitude = kernels_.pack_int16(stretch, unit, out);
      if (!(magnitude <= 32767.0F)) return false;
      largest = std::max(largest, magnitude);
      return true;
    };
    if (!pack(source, spans_, lanes, padded(source.count, grain), layout_, packed, pack_stretch)) return false;
    range.largest = std::ldexp(double{largest}, range.lowest);
    return true;
  }

  void prepare_floats(const SumRange& sums) {
    const bool doubles = arithmetic_ == Arithmetic::float64;
    layout_ = {1, doubles ? sizeof(double) : sizeof(float)};
    shape_ = doubles ? kernels_.float64_shape : kernels_.float32_shape;
    kernel_ = doubles ? kernels_.float64 : kernels_.float32;
    pack_floats(columns_, shape_.columns, columns_.count, right_);
    finish_plan(sums);
  }

  void pack_floats(const Vectors& source, std::size_t lanes, std::size_t vectors, Packed& packed) const {
    const auto pack_stretch = [this, kernel = arithmetic_ == Arithmetic::float64 ? kernels_.pack_float64 : kernels_.pack_float32](
                                  const tile_kernel::StretchValues& stretch, std::byte* out) {
      kernel(stretch, out);
      return true;
    };
    pack(source, spans_, lanes, vectors, layout_, packed, pack_stretch);
  }

  static std::size_t padded(std::size_t count, std::size_t grain) { return (count + grain - 1) / grain * grain; }

  void finish_plan(const SumRange& sums) {
    for (const TreeSpan& span : spans_) {
      trees_.push_back({static_cast<std::uint32_t>(layout_.steps(span.length)), span.ends_chunk ? 1U : 0U});
    }
    row_bytes_ = right_.vector_steps * layout_.operand_bytes;
    if (arithmetic_ == Arithmetic::float64) return;  // tile by tile
    plan_ = make_plan(gemm_, arithmetic_, sums, a_.columns, trees_);
    plan_.row_steps = right_.vector_steps;
  }

  /// Rows of A as the kernels read them. Integers lie there already; floats are packed when their turn comes, into a room
  /// small enough for a cache.
  [[nodiscard]] const std::byte* packed_rows(std::size_t first, std::size_t count, Packed& room) const {
    if (arithmetic_ == Arithmetic::int16) return left_.bytes.get() + first * row_bytes_;
    Vectors part = rows_;
    part.values += first * part.vector_stride;
    part.count = count;
    pack_floats(part, 1, padded(count, shape_.rows), room);
    return room.bytes.get();
  }

  /// Most products that one tree sums.
  [[nodiscard]] std::size_t width() const {
    const std::size_t chunk = gemm_.chunk_length == 0 ? a_.columns : gemm_.chunk_length;
    return std::min<std::size_t>({gemm_.tree_width, chunk, a_.columns});
  }

  /// Whole rows of C. `totals`: of the first one, from its first column on; so below.
  void compute_by_definition(std::size_t row, std::size_t rows, double* totals) const {
    for (std::size_t m = row; m < row + rows; ++m) {
      for (std::size_t n = 0; n < b_.columns; ++n) {
        *totals++ = accumulate_element(gemm_, a_.values.data() + m * a_.columns, 1, b_.values.data() + n, b_.columns,
                                       a_.columns, m * b_.columns + n);
      }
    }
  }

  /// How a tile in float64 can be computed.
  enum class Exactness : std::uint8_t { proved, checked, hopeless };

  /// A plan for one tile in float64: every stretch of its reduction is exact there, or each sum has to be watched.
  [[nodiscard]] Exactness plan_tile(std::size_t row_panel, std::size_t column_panel, tile_kernel::Plan& plan) const {
    SumRange all{{}, {}, 0, 0};
    bool first = true, proved = true;
    for (std::size_t s = 0; s < row_ranges_.stretches; ++s) {
      const SumRange sums{row_ranges_.at(row_panel, s), column_ranges_.at(column_panel, s), width(), a_.columns};
      proved = proved && sums.fits(53);
      all.lowest = first ? sums.lowest : std::min(all.lowest, sums.lowest);
      all.tree = std::max(all.tree, sums.tree);
      all.total = std::max(all.total, sums.total);
      all.finite = all.finite && sums.finite;
      first = false;
    }
    if (!has_rules(gemm_, arithmetic_, all) || (!proved && !all.finite)) return Exactness::hopeless;
    plan = make_plan(gemm_, arithmetic_, all, a_.columns, trees_);
    plan.row_steps = right_.vector_steps;
    return proved ? Exactness::proved : Exactness::checked;
  }

  /// `rows_packed`: of the panel's first row.
  void compute_tile(std::size_t row_panel, std::size_t column_panel, const std::byte* rows_packed, Scratch& scratch,
                    double* totals) const {
    const std::size_t row0 = row_panel * shape_.rows, column0 = column_panel * shape_.columns;
    const std::size_t rows = std::min(shape_.rows, a_.rows - row0);
    const std::size_t columns = std::min(shape_.columns, b_.columns - column0);
    tile_kernel::Plan plan = plan_;  // proved for the whole product, unless the arithmetic is float64
    const Exactness exactness =
        arithmetic_ == Arithmetic::float64 ? plan_tile(row_panel, column_panel, plan) : Exactness::proved;
    std::fill(scratch.inexact.begin(), scratch.inexact.end(), exactness == Exactness::hopeless ? 1 : 0);
    if (exactness == Exactness::proved) kernel_(plan, rows_packed, right_.panel(column_panel), scratch.tile.data());
    if (exactness == Exactness::checked) {
      const std::size_t at_once = kernels_.checked_shape.rows;
      for (std::size_t part = 0; part < rows; part += at_once) {
        kernels_.checked_float64(plan, rows_packed + part * row_bytes_, right_.panel(column_panel),
                                 scratch.tile.data() + part * shape_.columns, scratch.inexact.data() + part * shape_.columns);
      }
    }
    for (std::size_t m = 0; m < rows; ++m) {
      double* out = totals + m * b_.columns + column0;
      std::copy_n(scratch.tile.data() + m * shape_.columns, columns, out);
      if (exactness == Exactness::proved) continue;
      for (std::size_t n = 0; n < columns; ++n) {
        if (scratch.inexact[m * shape_.columns + n] != 0) out[n] = scratch.wide.element(row0 + m, column0 + n);
      }
    }
  }

  const GemmArithmetic& gemm_;
  const Matrix& a_;
  const Matrix& b_;
  SimdLevel level_;
  const tile_kernel::Kernels& kernels_;
  Vectors rows_, columns_;
  bool by_definition_;
  Arithmetic arithmetic_ = Arithmetic::float64;
  tile_kernel::TileShape shape_;
  tile_kernel::Tile kernel_ = nullptr;
  tile_kernel::Plan plan_;
  std::vector<TreeSpan> spans_;
  std::vector<tile_kernel::Tree> trees_;
  Ranges row_ranges_, column_ranges_;  ///< by float64 panels
  Layout layout_;
  std::size_t row_bytes_ = 0;
  Packed left_, right_;
};

}  // namespace

void gemm(const GemmArithmetic& gemm, const Matrix& a, const Matrix& b, Matrix& c, const GemmOptions& options) {
  check_gemm(gemm, a, b);
  c.rows = a.rows;
  c.columns = b.columns;
  c.values.resize(a.rows * b.columns);
  if (a.columns == 0) std::fill(c.values.begin(), c.values.end(), 0.0F);
  if (c.values.empty() || a.columns == 0) return;
  const Product product{gemm, a, b, options.level};
  const std::size_t panels = product.row_panels();
  const std::size_t workers = std::clamp<std::size_t>(options.threads, 1, panels);
  if (workers == 1) {
    product.compute(0, panels, c);
    return;
  }
  std::vector<std::jthread> pool;  // each writes rows of its own
  for (std::size_t i = 0; i < workers; ++i) {
    pool.emplace_back([&product, &c, begin = panels * i / workers, end = panels * (i + 1) / workers] {
      product.compute(begin, end, c);
    });
  }
}

Matrix gemm(const GemmArithmetic& gemm, const Matrix& a, const Matrix& b, const GemmOptions& options) {
  Matrix c;
  nibble::gemm(gemm, a, b, c, options);
  return c;
}

}  // namespace nibble
