#include "models/config/field_readers.hpp"

#include <fmt/format.h>

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

std::vector<std::string> read_names(const MapReader& map, const std::string& key) {
  std::vector<std::string> names = map.texts(key);
  if (names.empty() && map.has(key)) {
    map.problem(key, "CFG-RANGE", fmt::format("{} is empty", map.path_of(key)), "needs one or more");
  }
  return names;
}

void read_each(const MapReader& map, const YamlNode& node, const std::string& key,
               const std::function<void(const MapReader& item, const YamlNode& item_node)>& read) {
  const std::vector<MapReader> items = map.maps(key);
  const YamlNode::Entry* list = node.find(key);
  for (std::size_t i = 0; i < items.size() && i < list->value.items.size(); ++i) read(items[i], list->value.items[i]);
}

}  // namespace nibble
