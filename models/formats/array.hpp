#pragma once

#include <cstdint>
#include <span>

#include "models/formats/codec.hpp"
#include "models/formats/random.hpp"
#include "models/formats/simd_level.hpp"

namespace nibble {

/// Where stochastic rounding takes its bits from, and where in the tensor an array begins.
struct RandomSource {
  std::uint64_t seed = 0;
  std::uint64_t tensor = 0;
  std::uint64_t first_index = 0;
};

/// Codes of float arrays, one to each array element, equal to encode() of each value, on every level.
///
/// Element i draws RandomBits{seed, tensor}.at(first_index + i). `codes` has the size of `values`; a format wider
/// than the code type is an InternalError.
void encode_array(const NumberFormat& format, const Conversion& conversion, std::span<const float> values,
                  std::span<std::uint8_t> codes, const RandomSource& random = {},
                  SimdLevel level = best_simd_level());
void encode_array(const NumberFormat& format, const Conversion& conversion, std::span<const float> values,
                  std::span<std::uint16_t> codes, const RandomSource& random = {},
                  SimdLevel level = best_simd_level());
void encode_array(const NumberFormat& format, const Conversion& conversion, std::span<const float> values,
                  std::span<std::uint32_t> codes, const RandomSource& random = {},
                  SimdLevel level = best_simd_level());

/// Values of codes; exact for every format of at most 24 significant bits within float's range.
void decode_array(const NumberFormat& format, std::span<const std::uint8_t> codes, std::span<float> values,
                  SimdLevel level = best_simd_level());
void decode_array(const NumberFormat& format, std::span<const std::uint16_t> codes, std::span<float> values,
                  SimdLevel level = best_simd_level());
void decode_array(const NumberFormat& format, std::span<const std::uint32_t> codes, std::span<float> values,
                  SimdLevel level = best_simd_level());

/// What the format makes of each value: decode(encode(value)). `in` and `out` may be the same.
void round_array(const NumberFormat& format, const Conversion& conversion, std::span<const float> in,
                 std::span<float> out, const RandomSource& random = {}, SimdLevel level = best_simd_level());

}  // namespace nibble
