#include "models/gemm/accumulate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/formats/array.hpp"
#include "models/formats/random.hpp"
#include "models/gemm/tile_kernel.hpp"

namespace nibble {
namespace {

/// +0 for zeros, one NaN for NaNs.
double canonical(double value) {
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value + 0.0;
}

/// An accumulator register: holds a value of its format, adds with one rounding.
class Accumulator {
 public:
  Accumulator(const NumberFormat& format, RandomBits random) : format_{format}, random_{random} {}

  void clear() { value_ = 0; }
  [[nodiscard]] double value() const { return value_; }

  void add(ExactSum sum) {
    sum.add(value_);
    const bool stochastic = format_.conversion.rounding == Rounding::stochastic;
    const std::uint32_t draw = stochastic ? random_.at(step_++) : 0;
    const Encoded code = sum.finite() ? encode(format_, format_.conversion, sum.value(), draw)
                                      : encode(format_, format_.conversion, sum.special(), draw);
    value_ = canonical(decode(format_, code.code));
  }

 private:
  const NumberFormat& format_;
  RandomBits random_;
  std::uint64_t step_ = 0;
  double value_ = 0;
};

/// The tree's sum of `count` products: exact, or cut below the largest product's exponent.
ExactSum tree_sum(const GemmArithmetic& arithmetic, const float* a, std::size_t a_stride, const float* b,
                  std::size_t b_stride, std::size_t count) {
  ExactSum sum;
  if (arithmetic.tree_fraction_bits == 0) {
    for (std::size_t i = 0; i < count; ++i) sum.add_product(a[i * a_stride], b[i * b_stride]);
    return sum;
  }
  int largest = std::numeric_limits<int>::min();
  for (std::size_t i = 0; i < count; ++i) {
    const float x = a[i * a_stride], y = b[i * b_stride];
    if (std::isfinite(x) && std::isfinite(y) && x != 0 && y != 0) largest = std::max(largest, product_exponent(x, y));
  }
  const int lowest = largest - static_cast<int>(arithmetic.tree_fraction_bits);
  for (std::size_t i = 0; i < count; ++i) sum.add_truncated_product(a[i * a_stride], b[i * b_stride], lowest);
  return sum;
}

double as_double(const ExactSum& sum) {
  if (!sum.finite()) return sum.special();
  const Unrounded value = sum.value();
  return std::ldexp(static_cast<double>(value.significand), value.exponent);
}

/// Adds and, if asked to, notes whether the register stayed as it was. The magnitude is a statistic: not exact.
void add_counted(Accumulator& accumulator, const ExactSum& sum, SwampingCount* swamping) {
  const double before = accumulator.value();
  accumulator.add(sum);
  if (swamping == nullptr) return;
  const double magnitude = std::fabs(as_double(sum));
  swamping->added += magnitude;
  if (accumulator.value() == before) swamping->lost += magnitude;
}

double accumulate(const GemmArithmetic& arithmetic, const float* a, std::size_t a_stride, const float* b,
                  std::size_t b_stride, std::size_t k, std::uint64_t element, SwampingCount* swamping) {
  // Streams of random bits: two for each element, one a level.
  Accumulator chunk{arithmetic.accumulator, RandomBits{arithmetic.seed, 3 * element}};
  Accumulator total{arithmetic.chunk_accumulator, RandomBits{arithmetic.seed, 3 * element + 1}};
  const std::size_t chunk_length = arithmetic.chunk_length == 0 ? k : arithmetic.chunk_length;
  for (std::size_t begin = 0; begin < k; begin += chunk_length) {
    const std::size_t end = std::min(k, begin + chunk_length);
    chunk.clear();
    for (std::size_t at = begin; at < end; at += arithmetic.tree_width) {
      const std::size_t width = std::min<std::size_t>(arithmetic.tree_width, end - at);
      const ExactSum tree = tree_sum(arithmetic, a + at * a_stride, a_stride, b + at * b_stride, b_stride, width);
      add_counted(chunk, tree, swamping);
    }
    if (arithmetic.chunk_length == 0) return chunk.value();
    ExactSum partial;
    partial.add(chunk.value());
    add_counted(total, partial, swamping);
  }
  return total.value();
}

}  // namespace

double accumulate_element(const GemmArithmetic& arithmetic, const float* a, std::size_t a_stride, const float* b,
                          std::size_t b_stride, std::size_t k, std::uint64_t element) {
  return accumulate(arithmetic, a, a_stride, b, b_stride, k, element, nullptr);
}

double accumulate_element(const GemmArithmetic& arithmetic, const float* a, std::size_t a_stride, const float* b,
                          std::size_t b_stride, std::size_t k, std::uint64_t element, SwampingCount& swamping) {
  return accumulate(arithmetic, a, a_stride, b, b_stride, k, element, &swamping);
}

float convert_output(const GemmArithmetic& arithmetic, double total, std::uint64_t element) {
  const NumberFormat& output = arithmetic.output;
  const std::uint32_t draw = output.conversion.rounding == Rounding::stochastic
                                 ? RandomBits{arithmetic.seed, 3 * element + 2}.at(0)
                                 : 0;
  Encoded code;
  if (!std::isfinite(total) || total == 0) {
    code = encode(output, output.conversion, canonical(total * double{arithmetic.output_scale}), draw);
  } else {
    // At most 32 bits by 24: a 64-bit integer product.
    int total_exponent = 0, scale_exponent = 0;
    const double t = std::frexp(std::fabs(total), &total_exponent);
    const double s = std::frexp(double{std::fabs(arithmetic.output_scale)}, &scale_exponent);
    const auto significand = static_cast<std::uint64_t>(std::ldexp(t, 32)) * static_cast<std::uint64_t>(std::ldexp(s, 24));
    const bool negative = std::signbit(total) != std::signbit(arithmetic.output_scale);
    code = encode(output, output.conversion, Unrounded{negative, significand, total_exponent + scale_exponent - 56, false},
                  draw);
  }
  return static_cast<float>(canonical(decode(output, code.code)));
}

void convert_outputs(const GemmArithmetic& arithmetic, const double* totals, float* outputs, std::size_t count,
                     std::uint64_t first_element, SimdLevel level) {
  const NumberFormat& output = arithmetic.output;
  const Conversion& rules = output.conversion;
  // FP32 by the processor's own rounding, and totals that the output format holds as they are without any; what has at least
  // two bits fewer by way of a float cut to odd.
  const bool as_they_are = arithmetic.output_scale == 1.0F &&
                           output == (arithmetic.chunk_length == 0 ? arithmetic.accumulator : arithmetic.chunk_accumulator);
  const bool native = as_they_are || (output.name == "fp32" && rules.rounding == Rounding::nearest_even &&
                                      rules.overflow == Overflow::special);
  const bool exact_product = arithmetic.chunk_accumulator.precision() <= 24 && arithmetic.accumulator.precision() <= 24;
  const bool vectorised = exact_product && rules.rounding != Rounding::stochastic &&
                          (native || output.precision() <= 22) &&
                          tile_kernel::kernels_of(level).scale_totals(totals, double{arithmetic.output_scale}, native,
                                                                     outputs, count);
  if (!vectorised) {
    for (std::size_t i = 0; i < count; ++i) outputs[i] = convert_output(arithmetic, totals[i], first_element + i);
    return;
  }
  if (!native) round_array(output, rules, {outputs, count}, {outputs, count}, {}, level);
  for (std::size_t i = 0; i < count; ++i) {
    const float output_value = outputs[i] + 0.0F;
    outputs[i] = output_value == output_value ? output_value : std::numeric_limits<float>::quiet_NaN();
  }
}

}  // namespace nibble
