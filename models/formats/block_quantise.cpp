#include "models/formats/block_quantise.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "models/formats/array_kernel.hpp"
#include "models/formats/scaled.hpp"

namespace nibble {
namespace {

/// Codes and values of scales of 8 bits.
class Scales {
 public:
  Scales(const BlockFormat& format, const NumberFormat& element, double tensor_scale)
      : scale_{number_format(format.scale)}, values_(std::size_t{1} << scale_.bits), largest_element_{element.largest()},
        tensor_scale_{tensor_scale}, powers_{!format.tensor_scale} {
    for (std::uint32_t code = 0; code < values_.size(); ++code) values_[code] = decode(scale_, code);
  }

  /// Of a block whose largest magnitude has these float bits.
  [[nodiscard]] std::uint32_t code_of(std::uint32_t largest_bits) {
    const auto largest = double{std::bit_cast<float>(largest_bits)};
    if (!std::isfinite(largest)) return scale_.nan_code();
    if (!powers_) return encode(scale_, scale_.conversion, largest / largest_element_ / tensor_scale_).code;
    // All with one float exponent have one power of two; subnormal floats have one each, but all the smallest scale.
    std::optional<std::uint32_t>& known = by_exponent_[largest_bits >> 23];
    if (!known) {
      // An all-zero block takes the smallest scale, like any block below it.
      const double exponent = largest > 0 ? std::ilogb(largest) - std::ilogb(largest_element_) : -127;
      known = encode(scale_, scale_.conversion, std::exp2(std::max(exponent, -127.0))).code;
    }
    return *known;
  }
  [[nodiscard]] double value(std::uint32_t code) const { return values_[code]; }

 private:
  NumberFormat scale_;
  std::vector<double> values_;
  double largest_element_, tensor_scale_;
  bool powers_;
  std::array<std::optional<std::uint32_t>, 256> by_exponent_;
};

/// The float from which an element format rounds as it does from `x`, or nothing where only `x` itself will do.
///
/// To nearest, an inexact quotient keeps what decides: the float below in magnitude, made odd, lies on the same side of
/// every tie (elements have far fewer bits). Stochastic rounding compares all of them.
std::optional<float> stand_in(double x, Rounding rounding) {
  const auto nearest = static_cast<float>(x);
  if (nearest == x) return nearest;
  if (rounding == Rounding::stochastic || std::fabs(x) < std::numeric_limits<float>::min()) return std::nullopt;
  const auto below = std::fabs(nearest) > std::fabs(x) ? std::nextafter(nearest, 0.0F) : nearest;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(below) | 1U);
}

/// Codes of values that are divided by their block's scale, batch by batch: quotients stay in the L1 cache.
class Elements {
 public:
  Elements(std::span<const float> values, const NumberFormat& element, Rounding rounding, const RandomSource& random,
           SimdLevel level, std::span<std::uint32_t> codes)
      : values_{values}, element_{element}, conversion_{element.conversion}, random_{random}, level_{level}, codes_{codes} {
    conversion_.rounding = rounding;
  }

  /// The next `count` values, at most a batch. A divisor that is zero or NaN makes zeros of them.
  void divide(std::size_t count, double divisor) {
    if (pending_ + count > kBatch) flush();
    float* quotients = quotients_.data() + pending_;
    const bool exact = conversion_.rounding == Rounding::stochastic;
    if (!(divisor > 0)) {
      std::fill_n(quotients, count, 0.0F);
    } else if (!array_kernel::kernels_of(level_).divide(values_.data() + first_ + pending_, divisor, exact, quotients, count)) {
      divide_one_by_one(count, divisor);
    }
    pending_ += count;
  }

  /// Writes the codes that are still to come.
  void flush() {
    const RandomSource here{random_.seed, random_.tensor, random_.first_index + first_};
    encode_array(element_, conversion_, std::span<const float>{quotients_.data(), pending_}, codes_.subspan(first_, pending_), here,
                 level_);
    const RandomBits bits{random_.seed, random_.tensor};
    for (const auto& [i, quotient] : apart_) {
      const std::uint32_t draw = conversion_.rounding == Rounding::stochastic ? bits.at(random_.first_index + i) : 0;
      codes_[i] = encode(element_, conversion_, quotient, draw).code;
    }
    apart_.clear();
    first_ += pending_;
    pending_ = 0;
  }

 private:
  static constexpr std::size_t kBatch = 1024;

  void divide_one_by_one(std::size_t count, double divisor) {
    for (std::size_t i = pending_; i < pending_ + count; ++i) {
      const double quotient = values_[first_ + i] / divisor;
      const std::optional<float> float_quotient = stand_in(quotient, conversion_.rounding);
      quotients_[i] = float_quotient.value_or(0.0F);
      if (!float_quotient) apart_.push_back({first_ + i, quotient});
    }
  }

  std::span<const float> values_;
  const NumberFormat& element_;
  Conversion conversion_;
  RandomSource random_;
  SimdLevel level_;
  std::span<std::uint32_t> codes_;
  std::size_t first_ = 0, pending_ = 0;  ///< of the batch: the first value; how many there are
  std::array<float, kBatch> quotients_;
  std::vector<std::pair<std::size_t, double>> apart_;  ///< of the batch: element and quotient without a stand-in
};

/// Of all finite values.
double largest_of(std::span<const float> values, const array_kernel::Kernels& kernels) {
  const auto largest = std::bit_cast<float>(kernels.largest(values.data(), values.size()));
  return std::isfinite(largest) ? double{largest} : largest_magnitude(values);
}

}  // namespace

BlockTensor block_quantise(std::span<const float> values, const BlockFormat& format, Rounding rounding,
                           const RandomSource& random, std::size_t row_length, SimdLevel level) {
  const array_kernel::Kernels& kernels = array_kernel::kernels_of(level);
  const NumberFormat element = number_format(format.element);
  BlockTensor tensor{format, std::vector<std::uint32_t>(values.size()), {}, 1.0, row_length == 0 ? values.size() : row_length};
  if (format.tensor_scale) {
    const double largest = largest_of(values, kernels);
    if (largest > 0) tensor.tensor_scale = static_cast<float>(largest / (number_format(format.scale).largest() * element.largest()));
  }
  Scales scales{format, element, tensor.tensor_scale};
  Elements elements{values, element, rounding, random, level, tensor.codes};
  for (std::size_t at = 0; at < values.size();) {
    const std::size_t row_end = std::min(values.size(), (at / tensor.row_length + 1) * tensor.row_length);
    const auto block = values.subspan(at, std::min<std::size_t>(format.block, row_end - at));
    tensor.scales.push_back(scales.code_of(kernels.largest(block.data(), block.size())));
    elements.divide(block.size(), scales.value(tensor.scales.back()) * tensor.tensor_scale);
    at += block.size();
  }
  elements.flush();
  return tensor;
}

Quantised block_values(const BlockTensor& tensor) {
  const NumberFormat element = number_format(tensor.format.element);
  const NumberFormat scale = number_format(tensor.format.scale);
  Quantised result;
  result.scale = tensor.tensor_scale;
  result.values.resize(tensor.codes.size());
  decode_array(element, tensor.codes, result.values);
  std::size_t block = 0;
  for (std::size_t at = 0; at < tensor.codes.size(); ++block) {
    const std::size_t row_end = std::min(tensor.codes.size(), (at / tensor.row_length + 1) * tensor.row_length);
    const std::size_t end = std::min<std::size_t>(row_end, at + tensor.format.block);
    const double factor = decode(scale, tensor.scales[block]);
    for (; at < end; ++at) result.values[at] = static_cast<float>(result.values[at] * factor);
  }
  return result;
}

}  // namespace nibble
