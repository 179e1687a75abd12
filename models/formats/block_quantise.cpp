#include "models/formats/block_quantise.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "models/formats/scaled.hpp"

namespace nibble {
namespace {

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

/// The code of a block's scale, before the elements are divided by what it stands for.
std::uint32_t block_scale(std::span<const float> block, const BlockFormat& format, const NumberFormat& element,
                          const NumberFormat& scale, double tensor_scale) {
  if (!all_finite(block)) return scale.nan_code();
  const double largest = largest_magnitude(block);
  if (format.tensor_scale) {
    return encode(scale, scale.conversion, largest / element.largest() / tensor_scale).code;
  }
  // An all-zero block takes the smallest scale, like any block below it.
  const int largest_exponent = std::ilogb(element.largest());
  const double exponent = largest > 0 ? std::ilogb(largest) - largest_exponent : -127;
  return encode(scale, scale.conversion, std::exp2(std::max(exponent, -127.0))).code;
}

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

/// Codes of values that are divided by their block's scale.
class Elements {
 public:
  Elements(std::span<const float> values, const NumberFormat& element, Rounding rounding, const RandomSource& random)
      : values_{values}, element_{element}, conversion_{element.conversion}, random_{random}, quotients_(values.size()) {
    conversion_.rounding = rounding;
  }

  void divide(std::size_t at, std::size_t count, double divisor) {
    for (std::size_t i = at; i < at + count; ++i) {
      const double quotient = values_[i] / divisor;
      const std::optional<float> float_quotient = stand_in(quotient, conversion_.rounding);
      quotients_[i] = float_quotient.value_or(0.0F);
      if (!float_quotient) apart_.push_back({i, quotient});
    }
  }

  [[nodiscard]] std::vector<std::uint32_t> codes() const {
    std::vector<std::uint32_t> codes(values_.size());
    encode_array(element_, conversion_, quotients_, codes, random_);
    const RandomBits bits{random_.seed, random_.tensor};
    for (const auto& [i, quotient] : apart_) {
      const std::uint32_t draw = conversion_.rounding == Rounding::stochastic ? bits.at(random_.first_index + i) : 0;
      codes[i] = encode(element_, conversion_, quotient, draw).code;
    }
    return codes;
  }

 private:
  std::span<const float> values_;
  const NumberFormat& element_;
  Conversion conversion_;
  RandomSource random_;
  std::vector<float> quotients_;
  std::vector<std::pair<std::size_t, double>> apart_;
};

}  // namespace

BlockTensor block_quantise(std::span<const float> values, const BlockFormat& format, Rounding rounding,
                           const RandomSource& random, std::size_t row_length) {
  const NumberFormat element = number_format(format.element);
  const NumberFormat scale = number_format(format.scale);
  BlockTensor tensor{format, {}, {}, 1.0, row_length == 0 ? values.size() : row_length};
  if (format.tensor_scale) {
    const double largest = largest_magnitude(values);
    if (largest > 0) tensor.tensor_scale = static_cast<float>(largest / (scale.largest() * element.largest()));
  }
  Elements elements{values, element, rounding, random};
  for (std::size_t at = 0; at < values.size();) {
    const std::size_t row_end = std::min(values.size(), (at / tensor.row_length + 1) * tensor.row_length);
    const auto block = values.subspan(at, std::min<std::size_t>(format.block, row_end - at));
    tensor.scales.push_back(block_scale(block, format, element, scale, tensor.tensor_scale));
    const double divisor = decode(scale, tensor.scales.back()) * tensor.tensor_scale;
    if (divisor > 0) elements.divide(at, block.size(), divisor);  // neither zero nor NaN
    at += block.size();
  }
  tensor.codes = elements.codes();
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
