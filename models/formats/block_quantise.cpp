#include "models/formats/block_quantise.hpp"

#include <algorithm>
#include <cmath>

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

}  // namespace

BlockTensor block_quantise(std::span<const float> values, const BlockFormat& format, Rounding rounding,
                           const RandomSource& random, std::size_t row_length) {
  const NumberFormat element = number_format(format.element);
  const NumberFormat scale = number_format(format.scale);
  Conversion conversion = element.conversion;
  conversion.rounding = rounding;
  BlockTensor tensor{format, {}, {}, 1.0, row_length == 0 ? values.size() : row_length};
  if (format.tensor_scale) {
    const double largest = largest_magnitude(values);
    if (largest > 0) tensor.tensor_scale = static_cast<float>(largest / (scale.largest() * element.largest()));
  }
  const RandomBits bits{random.seed, random.tensor};
  tensor.codes.reserve(values.size());
  for (std::size_t at = 0; at < values.size();) {
    const std::size_t row_end = std::min(values.size(), (at / tensor.row_length + 1) * tensor.row_length);
    const auto block = values.subspan(at, std::min<std::size_t>(format.block, row_end - at));
    tensor.scales.push_back(block_scale(block, format, element, scale, tensor.tensor_scale));
    const double divisor = decode(scale, tensor.scales.back()) * tensor.tensor_scale;
    const bool usable = divisor > 0;  // neither zero nor NaN
    for (std::size_t i = 0; i < block.size(); ++i) {
      const std::uint32_t draw = rounding == Rounding::stochastic ? bits.at(random.first_index + at + i) : 0;
      tensor.codes.push_back(usable ? encode(element, conversion, block[i] / divisor, draw).code : 0);
    }
    at += block.size();
  }
  return tensor;
}

Quantised block_values(const BlockTensor& tensor) {
  const NumberFormat element = number_format(tensor.format.element);
  const NumberFormat scale = number_format(tensor.format.scale);
  Quantised result;
  result.scale = tensor.tensor_scale;
  result.values.reserve(tensor.codes.size());
  std::size_t block = 0, in_block = 0;
  for (std::size_t i = 0; i < tensor.codes.size(); ++i) {
    const bool row_begins = i % tensor.row_length == 0;
    if (i > 0 && (row_begins || in_block == tensor.format.block)) {
      ++block;
      in_block = 0;
    }
    ++in_block;
    const double factor = decode(scale, tensor.scales[block]);
    result.values.push_back(static_cast<float>(decode(element, tensor.codes[i]) * factor));
  }
  return result;
}

}  // namespace nibble
