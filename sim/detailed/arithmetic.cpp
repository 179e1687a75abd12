#include "sim/detailed/arithmetic.hpp"

#include <limits>

#include "models/formats/codec.hpp"

namespace nibble::detailed {
namespace {

constexpr unsigned kTabulatedBits = 16;

/// +0 for zeros, one NaN for NaNs.
double canonical(double value) {
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value + 0.0;
}

}  // namespace

CodeTable::CodeTable(const NumberFormat& format) : format_{format} {
  if (format.bits > kTabulatedBits) return;
  values_.resize(std::size_t{1} << format.bits);
  for (std::uint32_t code = 0; code < values_.size(); ++code) values_[code] = decoded(code);
}

float CodeTable::decoded(std::uint32_t code) const { return static_cast<float>(decode(format_, code)); }

void PartialSum::widen() {
  wide_ = std::make_unique<ExactSum>();
  wide_->add(value_);
}

void PartialSum::add(const PartialSum& other) {
  if (wide_ == nullptr && other.wide_ == nullptr && add_exactly(value_, other.value_)) return;
  if (wide_ == nullptr) widen();
  if (other.wide_ == nullptr) {
    wide_->add(other.value_);
  } else {
    wide_->add(*other.wide_);
  }
}

void PartialSum::add(double value) {
  if (wide_ == nullptr) {
    if (add_exactly(value_, value)) return;
    widen();
  }
  wide_->add(value);
}

double PartialSum::rounded_into(const NumberFormat& format, double register_value) const {
  double sum = register_value;
  if (wide_ == nullptr && add_exactly(sum, value_)) {
    return canonical(decode(format, encode(format, format.conversion, sum).code));
  }
  ExactSum exact;
  if (wide_ != nullptr) exact = *wide_;
  if (wide_ == nullptr) exact.add(value_);
  exact.add(register_value);
  const Encoded code = exact.finite() ? encode(format, format.conversion, exact.value())
                                      : encode(format, format.conversion, exact.special());
  return canonical(decode(format, code.code));
}

double PartialSum::approximate() const {
  if (wide_ == nullptr) return value_;
  if (!wide_->finite()) return wide_->special();
  const Unrounded value = wide_->value();
  return std::ldexp(static_cast<double>(value.significand) * (value.negative ? -1 : 1), value.exponent);
}

void SumRegister::add(const GemmArithmetic& arithmetic, const PartialSum& tree, bool chunk_ends) {
  if (arithmetic.chunk_length == 0) {  // one level: the total is the only register
    total_ = tree.rounded_into(arithmetic.accumulator, total_);
    return;
  }
  chunk_ = tree.rounded_into(arithmetic.accumulator, chunk_);
  if (!chunk_ends) return;
  PartialSum chunk;
  chunk.add(chunk_);
  total_ = chunk.rounded_into(arithmetic.chunk_accumulator, total_);
  chunk_ = 0;
}

}  // namespace nibble::detailed
