#include "models/config/field_readers.hpp"

#include "models/formats/format.hpp"

namespace nibble {

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const FormatStorage& format : all_formats()) names.emplace_back(format.name);
  return names;
}

std::string read_format(const MapReader& map, const std::string& key, std::optional<std::string> fallback) {
  return map.choice(key, format_names(), std::move(fallback));
}

}  // namespace nibble
