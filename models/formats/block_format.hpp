#pragma once

#include <string_view>
#include <vector>

namespace nibble {

/// A format whose elements share one scale by the block: OCP MX v1.0 and NVFP4.
struct BlockFormat {
  std::string_view name;
  std::string_view element;  ///< an element format
  std::string_view scale;    ///< an element format: "e8m0" (power of two) or "ue4m3"
  unsigned block = 0;        ///< elements that share a scale
  bool tensor_scale = false; ///< NVFP4: one more scale, FP32, for the whole tensor
  std::string_view description;
};

/// Every block format, in listing order.
[[nodiscard]] const std::vector<BlockFormat>& block_formats();

/// The block format called `name`, or nullptr.
[[nodiscard]] const BlockFormat* find_block_format(std::string_view name);

}  // namespace nibble
