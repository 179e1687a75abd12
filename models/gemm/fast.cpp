#include <algorithm>
#include <cmath>
#include <memory>
#include <thread>

#include "models/gemm/accumulate.hpp"
#include "models/gemm/gemm.hpp"
#include "models/gemm/plan.hpp"
#include "models/gemm/wide.hpp"

namespace nibble {
namespace {

using tile_kernel::Arithmetic;

/// One operand as the kernels read it: panels of `lanes` rows of A or columns of B, one after the other.
struct Packed {
  std::size_t lanes = 0;
  std::size_t panels = 0;
  std::size_t panel_bytes = 0;
  std::unique_ptr<std::byte[]> bytes;

  [[nodiscard]] const std::byte* panel(std::size_t i) const { return bytes.get() + i * panel_bytes; }
};

/// An operand seen as `count` vectors along the reduction.
struct Vectors {
  const float* values = nullptr;
  std::size_t count = 0;
  std::size_t vector_stride = 0, step_stride = 0;

  [[nodiscard]] float at(std::size_t vector, std::size_t k) const {
    return values[vector * vector_stride + k * step_stride];
  }
};

/// Ranges of an operand by panel and, within it, by stretch of the reduction: proofs for few values hold more often.
struct Ranges {
  std::size_t stretches = 0;
  std::vector<OperandRange> cells;  ///< panel x stretches + stretch

  [[nodiscard]] const OperandRange& at(std::size_t panel, std::size_t stretch) const {
    return cells[panel * stretches + stretch];
  }
  [[nodiscard]] OperandRange whole() const {
    OperandRange range;
    for (const OperandRange& cell : cells) range.include(cell);
    return range;
  }
};

constexpr std::size_t kStretch = 64;  // products: about what one tree to a few trees hold

/// Ends of the stretches: after each kStretch products or more, where a tree ends.
std::vector<std::size_t> stretch_ends(const std::vector<TreeSpan>& spans) {
  std::vector<std::size_t> ends;
  std::size_t begin = 0;
  for (const TreeSpan& span : spans) {
    const std::size_t end = span.begin + span.length;
    if (end - begin < kStretch && &span != &spans.back()) continue;
    ends.push_back(end);
    begin = end;
  }
  return ends;
}

Ranges find_ranges(const Vectors& source, const std::vector<std::size_t>& ends, std::size_t lanes,
                   tile_kernel::ScanFloats scan) {
  Ranges ranges{ends.size(), std::vector<OperandRange>((source.count + lanes - 1) / lanes * ends.size())};
  for (std::size_t first = 0; first < source.count; first += lanes) {
    const std::size_t used = std::min(lanes, source.count - first);
    std::size_t begin = 0;
    for (std::size_t s = 0; s < ends.size(); ++s) {
      OperandRange& cell = ranges.cells[first / lanes * ends.size() + s];
      const float* values = source.values + first * source.vector_stride + begin * source.step_stride;
      const std::size_t length = ends[s] - begin;
      cell.include(source.step_stride == 1 ? scan(values, used, source.vector_stride, length)
                                           : scan(values, length, source.step_stride, used));
      begin = ends[s];
    }
  }
  return ranges;
}

/// How an arithmetic's operands are laid out.
struct Layout {
  tile_kernel::PackTree pack = nullptr;
  std::size_t per_step = 1;       ///< products of one lane side by side
  std::size_t operand_bytes = 0;  ///< of one lane's step
};

Packed pack(const Vectors& source, const std::vector<TreeSpan>& spans, std::size_t lanes, int lowest,
            const Layout& layout) {
  std::size_t steps = 0;
  for (const TreeSpan& span : spans) steps += (span.length + layout.per_step - 1) / layout.per_step;
  Packed packed;
  packed.lanes = lanes;
  packed.panels = (source.count + lanes - 1) / lanes;
  packed.panel_bytes = steps * lanes * layout.operand_bytes;
  packed.bytes = std::make_unique_for_overwrite<std::byte[]>(packed.panels * packed.panel_bytes);
  const float unit = layout.per_step == 2 ? std::ldexp(1.0F, -lowest) : 1.0F;
  std::byte* out = packed.bytes.get();
  for (std::size_t p = 0; p < packed.panels; ++p) {
    const float* panel = source.values + p * lanes * source.vector_stride;
    const std::size_t used = std::min(lanes, source.count - p * lanes);
    for (const TreeSpan& span : spans) {
      layout.pack({panel + span.begin * source.step_stride, source.vector_stride, source.step_stride, used, lanes,
                   span.length, unit}, out);
      out += (span.length + layout.per_step - 1) / layout.per_step * lanes * layout.operand_bytes;
    }
  }
  return packed;
}

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
      : gemm_{gemm}, a_{a}, b_{b}, level_{level}, by_definition_{needs_definition(gemm)} {
    const std::size_t k = a.columns;
    const Vectors rows{a.values.data(), a.rows, k, 1}, columns{b.values.data(), b.columns, 1, b.columns};
    const tile_kernel::Kernels& kernels = tile_kernel::kernels_of(level);
    shape_ = kernels.float64_shape;
    if (by_definition_) return;
    const std::vector<TreeSpan> spans = tree_spans(gemm, k);
    const std::vector<std::size_t> ends = stretch_ends(spans);
    row_ranges_ = find_ranges(rows, ends, shape_.rows, kernels.scan);
    column_ranges_ = find_ranges(columns, ends, shape_.columns, kernels.scan);
    const OperandRange left = row_ranges_.whole(), right = column_ranges_.whole();
    const SumRange sums{left, right, width(), k};
    arithmetic_ = choose_arithmetic(gemm, left, right, sums);
    const Layout layout = choose_kernel(kernels);
    for (const TreeSpan& span : spans) {
      trees_.push_back({static_cast<std::uint32_t>((span.length + layout.per_step - 1) / layout.per_step),
                        span.ends_chunk ? 1U : 0U});
    }
    if (arithmetic_ != Arithmetic::float64) plan_ = make_plan(gemm, arithmetic_, sums, k, trees_);
    left_ = pack(rows, spans, shape_.rows, left.lowest, layout);
    right_ = pack(columns, spans, shape_.columns, right.lowest, layout);
  }

  [[nodiscard]] std::size_t row_panels() const { return (a_.rows + shape_.rows - 1) / shape_.rows; }

  /// Rows of C of these panels, a few panels at a time: while they go by, one panel of columns stays in the cache.
  void compute(std::size_t first_panel, std::size_t last_panel, Matrix& c) const {
    constexpr std::size_t kPanelsAtOnce = 8;
    const auto totals = std::make_unique_for_overwrite<double[]>(kPanelsAtOnce * shape_.rows * c.columns);
    std::vector<double> tile(shape_.rows * shape_.columns);
    WideAccumulator wide{gemm_, a_, b_};
    for (std::size_t begin = first_panel; begin < last_panel; begin += kPanelsAtOnce) {
      const std::size_t end = std::min(last_panel, begin + kPanelsAtOnce);
      const std::size_t row0 = begin * shape_.rows, rows = std::min(a_.rows, end * shape_.rows) - row0;
      if (by_definition_) {
        compute_by_definition(row0, rows, totals.get());
      } else {
        for (std::size_t column = 0; column < right_.panels; ++column) {
          for (std::size_t row = begin; row < end; ++row) {
            compute_tile(row, column, wide, tile, totals.get() + (row - begin) * shape_.rows * c.columns);
          }
        }
      }
      const std::size_t element = row0 * c.columns;
      convert_outputs(gemm_, totals.get(), c.values.data() + element, rows * c.columns, element, level_);
    }
  }

 private:
  Layout choose_kernel(const tile_kernel::Kernels& kernels) {
    switch (arithmetic_) {
      case Arithmetic::int16:
        shape_ = kernels.int16_shape;
        kernel_ = kernels.int16;
        return {kernels.pack_int16, 2, 4};
      case Arithmetic::float32:
        shape_ = kernels.float32_shape;
        kernel_ = kernels.float32;
        return {kernels.pack_float32, 1, 4};
      case Arithmetic::float64: break;
    }
    shape_ = kernels.float64_shape;
    kernel_ = kernels.float64;
    return {kernels.pack_float64, 1, 8};
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

  /// A plan for one tile in float64, if every stretch of its reduction is exact there.
  [[nodiscard]] bool plan_tile(std::size_t row_panel, std::size_t column_panel, tile_kernel::Plan& plan) const {
    SumRange all{{}, {}, 0, 0};
    bool first = true;
    for (std::size_t s = 0; s < row_ranges_.stretches; ++s) {
      const SumRange sums{row_ranges_.at(row_panel, s), column_ranges_.at(column_panel, s), width(), a_.columns};
      if (!sums.fits(53)) return false;
      all.lowest = first ? sums.lowest : std::min(all.lowest, sums.lowest);
      all.tree = std::max(all.tree, sums.tree);
      all.total = std::max(all.total, sums.total);
      all.finite = all.finite && sums.finite;
      first = false;
    }
    if (!has_rules(gemm_, arithmetic_, all)) return false;
    plan = make_plan(gemm_, arithmetic_, all, a_.columns, trees_);
    return true;
  }

  void compute_tile(std::size_t row_panel, std::size_t column_panel, WideAccumulator& wide, std::vector<double>& tile,
                    double* totals) const {
    const std::size_t row = row_panel * shape_.rows, column = column_panel * shape_.columns;
    const std::size_t rows = std::min(shape_.rows, a_.rows - row);
    const std::size_t columns = std::min(shape_.columns, b_.columns - column);
    tile_kernel::Plan plan = plan_;  // proved for the whole product, unless the arithmetic is float64
    if (arithmetic_ == Arithmetic::float64 && !plan_tile(row_panel, column_panel, plan)) {
      for (std::size_t m = 0; m < rows; ++m) {
        for (std::size_t n = 0; n < columns; ++n) {
          totals[m * b_.columns + column + n] = wide.element(row + m, column + n);
        }
      }
      return;
    }
    kernel_(plan, left_.panel(row_panel), right_.panel(column_panel), tile.data());
    for (std::size_t m = 0; m < rows; ++m) {
      std::copy_n(tile.data() + m * shape_.columns, columns, totals + m * b_.columns + column);
    }
  }

  const GemmArithmetic& gemm_;
  const Matrix& a_;
  const Matrix& b_;
  SimdLevel level_;
  bool by_definition_;
  Arithmetic arithmetic_ = Arithmetic::float64;
  tile_kernel::TileShape shape_;
  tile_kernel::Tile kernel_ = nullptr;
  tile_kernel::Plan plan_;
  std::vector<tile_kernel::Tree> trees_;
  Ranges row_ranges_, column_ranges_;  ///< by float64 panels
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
