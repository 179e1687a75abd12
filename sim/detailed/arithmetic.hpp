#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "models/formats/number_format.hpp"
#include "models/gemm/exact_sum.hpp"
#include "models/gemm/gemm.hpp"

namespace nibble::detailed {

/// What the codes of an operand format stand for, as a multiplier's input stage decodes them.
class CodeTable {
 public:
  explicit CodeTable(const NumberFormat& format);

  [[nodiscard]] float value(std::uint32_t code) const { return values_.empty() ? decoded(code) : values_[code]; }
  [[nodiscard]] const NumberFormat& format() const { return format_; }

 private:
  [[nodiscard]] float decoded(std::uint32_t code) const;

  NumberFormat format_;
  std::vector<float> values_;  ///< of every code, up to 16 bits
};

/// A sum of products on its way through the array: exact, as wide as it has to be.
///
/// A double while every addition is exact, which two-sum proves; the 1024-bit integer of models/gemm from then on.
class PartialSum {
 public:
  void clear() {
    value_ = 0;
    wide_.reset();
  }
  void add_product(float a, float b) {
    if (wide_ == nullptr) {
      if (add_exactly(value_, double{a} * double{b})) return;
      widen();
    }
    wide_->add_product(a, b);
  }
  void add(const PartialSum& other);
  void add(double value);  ///< of an accumulator's format

  /// format(register + this): one rounding; zeros are +0.
  [[nodiscard]] double rounded_into(const NumberFormat& format, double register_value) const;
  [[nodiscard]] double approximate() const;  ///< for waveforms

 private:
  /// sum += term if that is exact.
  static bool add_exactly(double& sum, double term) {
    const double total = sum + term;
    const double virtual_term = total - sum;
    const double error = (sum - (total - virtual_term)) + (term - virtual_term);
    if (!(error == 0)) return false;  // an infinity or a NaN is not exact either
    sum = total;
    return true;
  }
  void widen();

  double value_ = 0;
  std::unique_ptr<ExactSum> wide_;
};

/// One accumulator of one lane: the chunk in progress and the total of the chunks before it (models/gemm/gemm.hpp).
class SumRegister {
 public:
  void clear() { chunk_ = total_ = 0; }
  /// Partial sums of the reduction so far, before the first chunk is added.
  void join(double total) { total_ = total; }
  void add(const GemmArithmetic& arithmetic, const PartialSum& tree, bool chunk_ends);
  [[nodiscard]] double total() const { return total_; }

 private:
  double chunk_ = 0, total_ = 0;
};

}  // namespace nibble::detailed
