#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/formats/array.hpp"
#include "models/formats/block_format.hpp"
#include "models/formats/quantised.hpp"

namespace nibble {

/// A tensor in a block format, code by code.
struct BlockTensor {
  BlockFormat format;
  std::vector<std::uint32_t> codes;   ///< one an element
  std::vector<std::uint32_t> scales;  ///< one a block
  double tensor_scale = 1.0;          ///< NVFP4; 1 for MX
  std::size_t row_length = 0;         ///< blocks begin anew after each so many elements
};

/// Blocks of format.block consecutive elements; the last one of each row of `row_length` (0: the whole tensor is one
/// row) may be short. MX (SOURCES: ocp-mx): the scale is
/// 2^(floor(log2 max|block|) - emax), elements round by `rounding` and saturate; a block with an infinity or NaN has
/// scale NaN. NVFP4: tensor scale max|x| / (448 x 6), block scale rounded to E4M3, elements x / (both).
[[nodiscard]] BlockTensor block_quantise(std::span<const float> values, const BlockFormat& format,
                                         Rounding rounding = Rounding::nearest_even, const RandomSource& random = {},
                                         std::size_t row_length = 0, SimdLevel level = best_simd_level());

/// Element x block scale (exact in float for every MX format and NVFP4); tensor_scale is Quantised::scale.
[[nodiscard]] Quantised block_values(const BlockTensor& tensor);

}  // namespace nibble
