#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

#include "models/base/check.hpp"
#include "models/gemm/accumulate.hpp"
#include "models/gemm/gemm.hpp"
#include "models/gemm/plan.hpp"

namespace nibble {
namespace {

using tile_kernel::Arithmetic;

/// One operand as the kernels read it: panels of `lanes` rows of A or columns of B, one after the other.
struct Packed {
  std::size_t lanes = 0;
  std::size_t panels = 0;
  std::size_t panel_bytes = 0;
  std::vector<std::byte> bytes;

  [[nodiscard]] const std::byte* panel(std::size_t i) const { return bytes.data() + i * panel_bytes; }
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

std::vector<OperandRange> panel_ranges(const Vectors& source, std::size_t k, std::size_t lanes) {
  std::vector<OperandRange> ranges((source.count + lanes - 1) / lanes);
  for (std::size_t p = 0; p < ranges.size(); ++p) {
    const std::size_t first = p * lanes, used = std::min(lanes, source.count - first);
    if (source.step_stride == 1) {
      for (std::size_t v = first; v < first + used; ++v) ranges[p].include(source.values + v * source.vector_stride, k);
    } else {
      for (std::size_t i = 0; i < k; ++i) ranges[p].include(source.values + i * source.step_stride + first, used);
    }
  }
  return ranges;
}

OperandRange whole_range(const std::vector<OperandRange>& panels) {
  OperandRange whole;
  for (const OperandRange& panel : panels) whole.include(panel);
  return whole;
}

template <class Operand, class Convert>
void pack_panels(Packed& packed, const Vectors& source, const std::vector<TreeSpan>& spans, std::size_t per_step,
                 Convert convert) {
  std::size_t steps = 0;
  for (const TreeSpan& span : spans) steps += (span.length + per_step - 1) / per_step;
  const std::size_t lanes = packed.lanes;
  packed.panel_bytes = steps * per_step * lanes * sizeof(Operand);
  packed.bytes.assign(packed.panels * packed.panel_bytes, std::byte{0});  // lanes beyond the edge stay zero
  for (std::size_t p = 0; p < packed.panels; ++p) {
    std::byte* out = packed.bytes.data() + p * packed.panel_bytes;
    const std::size_t used = std::min(lanes, source.count - p * lanes);
    for (const TreeSpan& span : spans) {
      for (std::size_t i = 0; i < span.length; ++i) {
        std::byte* step = out + (i / per_step * per_step * lanes + i % per_step) * sizeof(Operand);
        for (std::size_t lane = 0; lane < used; ++lane) {
          const Operand value = convert(source.at(p * lanes + lane, span.begin + i));
          std::memcpy(step + lane * per_step * sizeof(Operand), &value, sizeof value);
        }
      }
      out += (span.length + per_step - 1) / per_step * per_step * lanes * sizeof(Operand);
    }
  }
}

Packed pack(const Vectors& source, const std::vector<TreeSpan>& spans, std::size_t lanes, int lowest,
            Arithmetic arithmetic) {
  Packed packed;
  packed.lanes = lanes;
  packed.panels = (source.count + lanes - 1) / lanes;
  // One NaN for all: what the kernels do to its bits is known for this one.
  const auto number = [](float x) { return std::isnan(x) ? std::numeric_limits<float>::quiet_NaN() : x; };
  switch (arithmetic) {
    case Arithmetic::int16: {
      const double unit = std::ldexp(1.0, -lowest);
      pack_panels<std::int16_t>(packed, source, spans, 2,
                                [unit](float x) { return static_cast<std::int16_t>(double{x} * unit); });
      break;
    }
    case Arithmetic::float32: pack_panels<float>(packed, source, spans, 1, number); break;
    case Arithmetic::float64:
      pack_panels<double>(packed, source, spans, 1, [&](float x) { return double{number(x)}; });
      break;
  }
  return packed;
}

/// Whether every value is a 16-bit integer in units of the range's last place.
bool fits_int16(const OperandRange& range) {
  return range.finite && range.largest * std::ldexp(1.0, -range.lowest) <= 32767.0;
}

constexpr int kLowestExponent = -120;  // so that float sums stay clear of float's subnormals and of its end
constexpr double kLargestFloatSum = 0x1p120;

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

const tile_kernel::Kernels& kernels_of(SimdLevel level) {
  NIBBLE_CHECK(level <= best_simd_level(), "this machine has no {}", word_of(level));
  switch (level) {
    case SimdLevel::avx512: return tile_kernel::kAvx512;
    case SimdLevel::avx2: return tile_kernel::kAvx2;
    case SimdLevel::baseline: break;
  }
  return tile_kernel::kBaseline;
}

/// Trees cut short of exactness, and stochastic accumulators: element by element, whatever the operands.
bool needs_definition(const GemmArithmetic& gemm) {
  return gemm.tree_fraction_bits != 0 || gemm.accumulator.conversion.rounding == Rounding::stochastic ||
         (gemm.chunk_length != 0 && gemm.chunk_accumulator.conversion.rounding == Rounding::stochastic);
}

/// One product on its way: what its tiles share, and the totals that they fill in.
class Product {
 public:
  Product(const GemmArithmetic& gemm, const Matrix& a, const Matrix& b, SimdLevel level)
      : gemm_{gemm}, a_{a}, b_{b}, totals_(a.rows * b.columns) {
    const std::size_t k = a.columns;
    const Vectors rows{a.values.data(), a.rows, k, 1}, columns{b.values.data(), b.columns, 1, b.columns};
    const tile_kernel::Kernels& kernels = kernels_of(level);
    by_definition_ = needs_definition(gemm);
    shape_ = kernels.float64_shape;
    if (by_definition_) return;
    row_ranges_ = panel_ranges(rows, k, shape_.rows);
    column_ranges_ = panel_ranges(columns, k, shape_.columns);
    const OperandRange left = whole_range(row_ranges_), right = whole_range(column_ranges_);
    const SumRange sums{left, right, width(), k};
    arithmetic_ = choose_arithmetic(gemm, left, right, sums);
    choose_kernel(kernels);
    const std::vector<TreeSpan> spans = tree_spans(gemm, k);
    const std::size_t per_step = arithmetic_ == Arithmetic::int16 ? 2 : 1;
    for (const TreeSpan& span : spans) {
      trees_.push_back({static_cast<std::uint32_t>((span.length + per_step - 1) / per_step),
                        span.ends_chunk ? 1U : 0U});
    }
    if (arithmetic_ != Arithmetic::float64) plan_ = make_plan(gemm, arithmetic_, sums, k, trees_);
    left_ = pack(rows, spans, shape_.rows, left.lowest, arithmetic_);
    right_ = pack(columns, spans, shape_.columns, right.lowest, arithmetic_);
  }

  [[nodiscard]] const std::vector<double>& totals() const { return totals_; }
  [[nodiscard]] std::size_t row_panels() const { return (a_.rows + shape_.rows - 1) / shape_.rows; }

  /// Row panels first to last; the columns' panel stays in the cache while they go by.
  void compute(std::size_t first_panel, std::size_t last_panel) {
    if (by_definition_) {
      const std::size_t end = std::min(a_.rows, last_panel * shape_.rows);
      compute_exactly(first_panel * shape_.rows, end, 0, b_.columns);
      return;
    }
    std::vector<double> scratch(shape_.rows * shape_.columns);
    for (std::size_t column = 0; column < right_.panels; ++column) {
      for (std::size_t row = first_panel; row < last_panel; ++row) compute_tile(row, column, scratch);
    }
  }

 private:
  void choose_kernel(const tile_kernel::Kernels& kernels) {
    switch (arithmetic_) {
      case Arithmetic::int16:
        shape_ = kernels.int16_shape;
        kernel_ = kernels.int16;
        break;
      case Arithmetic::float32:
        shape_ = kernels.float32_shape;
        kernel_ = kernels.float32;
        break;
      case Arithmetic::float64:
        shape_ = kernels.float64_shape;
        kernel_ = kernels.float64;
        break;
    }
  }

  /// Most products that one tree sums.
  [[nodiscard]] std::size_t width() const {
    const std::size_t chunk = gemm_.chunk_length == 0 ? a_.columns : gemm_.chunk_length;
    return std::min<std::size_t>({gemm_.tree_width, chunk, a_.columns});
  }

  void compute_exactly(std::size_t row_begin, std::size_t row_end, std::size_t column_begin, std::size_t column_end) {
    for (std::size_t m = row_begin; m < row_end; ++m) {
      for (std::size_t n = column_begin; n < column_end; ++n) {
        const std::size_t element = m * b_.columns + n;
        totals_[element] = accumulate_element(gemm_, a_.values.data() + m * a_.columns, 1, b_.values.data() + n,
                                              b_.columns, a_.columns, element);
      }
    }
  }

  void compute_tile(std::size_t row_panel, std::size_t column_panel, std::vector<double>& scratch) {
    const std::size_t row = row_panel * shape_.rows, column = column_panel * shape_.columns;
    const std::size_t rows = std::min(shape_.rows, a_.rows - row);
    const std::size_t columns = std::min(shape_.columns, b_.columns - column);
    tile_kernel::Plan plan = plan_;
    if (arithmetic_ == Arithmetic::float64) {  // the others were proved for the whole product
      const SumRange sums{row_ranges_[row_panel], column_ranges_[column_panel], width(), a_.columns};
      if (!sums.fits(53) || !has_rules(gemm_, arithmetic_, sums)) {
        compute_exactly(row, row + rows, column, column + columns);
        return;
      }
      plan = make_plan(gemm_, arithmetic_, sums, a_.columns, trees_);
    }
    kernel_(plan, left_.panel(row_panel), right_.panel(column_panel), scratch.data());
    for (std::size_t m = 0; m < rows; ++m) {
      std::copy_n(scratch.data() + m * shape_.columns, columns, totals_.data() + (row + m) * b_.columns + column);
    }
  }

  const GemmArithmetic& gemm_;
  const Matrix& a_;
  const Matrix& b_;
  bool by_definition_ = false;
  Arithmetic arithmetic_ = Arithmetic::float64;
  tile_kernel::TileShape shape_;
  tile_kernel::Tile kernel_ = nullptr;
  tile_kernel::Plan plan_;  ///< of every tile, unless the arithmetic is float64
  std::vector<tile_kernel::Tree> trees_;
  std::vector<OperandRange> row_ranges_, column_ranges_;  ///< by float64 panels
  Packed left_, right_;
  std::vector<double> totals_;  ///< a.rows x b.columns
};

void run_in_threads(Product& product, unsigned threads) {
  const std::size_t panels = product.row_panels();
  const std::size_t workers = std::clamp<std::size_t>(threads, 1, panels);
  if (workers == 1) {
    product.compute(0, panels);
    return;
  }
  std::vector<std::jthread> pool;
  for (std::size_t i = 0; i < workers; ++i) {
    pool.emplace_back([&product, begin = panels * i / workers, end = panels * (i + 1) / workers] {
      product.compute(begin, end);
    });
  }
}

}  // namespace

Matrix gemm(const GemmArithmetic& gemm, const Matrix& a, const Matrix& b, const GemmOptions& options) {
  check_gemm(gemm, a, b);
  Matrix c{a.rows, b.columns};
  if (c.values.empty() || a.columns == 0) return c;
  Product product{gemm, a, b, options.level};
  run_in_threads(product, options.threads);
  for (std::size_t m = 0; m < c.rows; ++m) {
    const std::size_t first = m * c.columns;
    convert_outputs(gemm, product.totals().data() + first, c.values.data() + first, c.columns, first, options.level);
  }
  return c;
}

}  // namespace nibble
