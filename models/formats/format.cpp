#include "models/formats/format.hpp"

#include <fmt/format.h>

#include "models/base/error.hpp"
#include "models/formats/block_format.hpp"
#include "models/formats/number_format.hpp"

namespace nibble {

Bytes FormatStorage::size(Elements n) const {
  const std::uint64_t scales = scale_bits == 0 ? 0 : ceil_div(n.value(), block) * scale_bits;
  return packed(Bits{n.value() * bits + scales});
}

const std::vector<FormatStorage>& all_formats() {
  static const std::vector<FormatStorage> formats = [] {
    std::vector<FormatStorage> all;
    for (const NumberFormat& format : element_formats()) {
      all.push_back({format.name, format.bits, 1, 0, format.description});
    }
    for (const BlockFormat& format : block_formats()) {
      all.push_back({format.name, number_format(format.element).bits, format.block,
                     number_format(format.scale).bits, format.description});
    }
    return all;
  }();
  return formats;
}

const FormatStorage& format_storage(std::string_view name) {
  for (const FormatStorage& format : all_formats()) {
    if (format.name == name) return format;
  }
  std::vector<std::string> known;
  for (const FormatStorage& format : all_formats()) known.emplace_back(format.name);
  const std::string near = nearest_word(std::string{name}, known);
  throw InputError{"FMT-UNKNOWN", fmt::format("'{}' is not a number format", name),
                   near.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                                : fmt::format("did you mean '{}'?", near)};
}

}  // namespace nibble
