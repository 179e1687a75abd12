#include "models/config/field_readers.hpp"

#include "models/base/error.hpp"
#include "models/formats/format.hpp"
#include "models/formats/number_format.hpp"

namespace nibble {
namespace {

/// A listed name with settings behind a colon that fit it.
bool is_number_format(const std::string& text) {
  try {
    static_cast<void>(number_format(text));
    return true;
  } catch (const InputError&) {
    return false;
  }
}

}  // namespace

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const FormatStorage& format : all_formats()) names.emplace_back(format.name);
  return names;
}

std::string read_format(const MapReader& map, const std::string& key, std::optional<std::string> fallback) {
  if (map.has(key)) {
    const std::string text = map.text(key);
    if (text.find(':') != std::string::npos && is_number_format(text)) return text;
  }
  return map.choice(key, format_names(), std::move(fallback));
}

}  // namespace nibble
