#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/base/units.hpp"

namespace nibble {

/// How one number format is stored: what the rest of the house needs to know to move it about.
struct FormatStorage {
  std::string_view name;         ///< as written in configs: "fp16", "int4", "fp4-radix4"
  unsigned bits = 0;             ///< per element
  unsigned block = 1;            ///< elements that share one scale; 1 = no block scale
  unsigned scale_bits = 0;       ///< per block
  std::string_view description;  ///< one line: fields and what it is used for

  /// Packed size of n elements, block scales included.
  [[nodiscard]] Bytes size(Elements n) const;
};

/// Every format that the program knows, in listing order.
[[nodiscard]] const std::vector<FormatStorage>& all_formats();

/// The format called `name`; InputError [FMT-UNKNOWN] with the nearest known word otherwise.
[[nodiscard]] const FormatStorage& format_storage(std::string_view name);

}  // namespace nibble
