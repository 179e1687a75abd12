#include "models/gemm/study.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "models/base/check.hpp"
#include "models/formats/array.hpp"
#include "models/gemm/accumulate.hpp"

namespace nibble {
namespace {

/// Box-Muller on the counter generator.
double normal_draw(const RandomBits& bits, std::uint64_t index) {
  const double u = (bits.at(2 * index) + 0.5) * 0x1p-32;
  const double v = bits.at(2 * index + 1) * 0x1p-32;
  return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * v);
}

/// Sums that relative rms and bias are made of.
struct ErrorSums {
  double error_squares = 0, squares = 0, signed_error = 0, magnitude = 0;

  void add(double got, double reference) {
    const double error = got - reference;
    error_squares += error * error;
    squares += reference * reference;
    signed_error += std::copysign(1.0, reference) * error;
    magnitude += std::fabs(reference);
  }
  [[nodiscard]] double relative_rms() const { return squares > 0 ? std::sqrt(error_squares / squares) : 0; }
  [[nodiscard]] double bias() const { return magnitude > 0 ? signed_error / magnitude : 0; }
};

/// Sums of errors that are relative already.
struct RelativeSums {
  double errors = 0, squares = 0;
  std::size_t count = 0;

  void add(double error) {
    errors += error;
    squares += error * error;
    ++count;
  }
  [[nodiscard]] double bias() const { return errors / static_cast<double>(count); }
  [[nodiscard]] RelativeError relative_error() const {
    return {std::sqrt(squares / static_cast<double>(count)), bias()};
  }
};

}  // namespace

Matrix random_matrix(std::size_t rows, std::size_t columns, Distribution distribution, std::uint64_t seed,
                     std::uint64_t tensor) {
  const RandomBits bits{seed, tensor};
  Matrix matrix{rows, columns};
  for (std::size_t i = 0; i < matrix.values.size(); ++i) {
    const double draw = normal_draw(bits, i);
    matrix.values[i] = static_cast<float>(distribution == Distribution::normal ? draw : std::exp(draw));
  }
  return matrix;
}

ProductError study_product(const GemmArithmetic& arithmetic, const Matrix& a, const Matrix& b) {
  check_gemm(arithmetic, a, b);
  ErrorSums sums;
  SwampingCount swamping;
  for (std::size_t m = 0; m < a.rows; ++m) {
    for (std::size_t n = 0; n < b.columns; ++n) {
      double reference = 0;
      for (std::size_t k = 0; k < a.columns; ++k) reference += double{a.at(m, k)} * double{b.at(k, n)};
      const std::uint64_t element = m * b.columns + n;
      const double total = accumulate_element(arithmetic, a.values.data() + m * a.columns, 1, b.values.data() + n,
                                              b.columns, a.columns, element, swamping);
      sums.add(total, reference);
    }
  }
  ProductError error;
  error.relative_rms = sums.relative_rms();
  error.sqnr_db = error.relative_rms > 0 ? -20 * std::log10(error.relative_rms) : std::numeric_limits<double>::infinity();
  error.bias = sums.bias();
  error.swamping_loss = swamping.added > 0 ? swamping.lost / swamping.added : 0;
  return error;
}

TwoPhaseError study_two_phase(const TwoPhaseOptions& options, double spread, std::size_t count, unsigned steps,
                              std::uint64_t seed) {
  NIBBLE_CHECK(count > 0 && steps > 0, "{} gradients at {} scales", count, steps);
  const RandomBits bits{seed, 0};
  RelativeSums dgrad, wgrad, together;
  double both = 0, lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
  std::vector<float> gradients(count);
  for (unsigned step = 0; step < steps; ++step) {
    const double scale = std::exp2(2.0 * step / steps);  // one digit: a factor of four
    for (std::size_t i = 0; i < count; ++i) {
      gradients[i] = static_cast<float>(scale * std::exp(spread * normal_draw(bits, i)));
    }
    const TwoPhaseGradients copies = two_phase_quantise(gradients, GradScale{}, options);
    RelativeSums here;
    for (std::size_t i = 0; i < count; ++i) {
      const double d = copies.dgrad.values[i] / double{gradients[i]} - 1;
      const double w = copies.wgrad.values[i] / double{gradients[i]} - 1;
      dgrad.add(d);
      wgrad.add(w);
      together.add((d + w) / 2);
      here.add((d + w) / 2);
      both += d * w;
    }
    lowest = std::min(lowest, here.bias());
    highest = std::max(highest, here.bias());
  }
  const double norm = std::sqrt(dgrad.squares * wgrad.squares);
  return {dgrad.relative_error(), wgrad.relative_error(), together.relative_error(), norm > 0 ? both / norm : 0,
          (highest - lowest) / 2};
}

}  // namespace nibble
