#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/config/yaml_reader.hpp"

namespace nibble {

/// Names of all number formats, in listing order.
[[nodiscard]] std::vector<std::string> format_names();

/// A number format by name (CFG-CHOICE lists the known ones).
[[nodiscard]] std::string read_format(const MapReader& map, const std::string& key,
                                      std::optional<std::string> fallback = {});

/// The words of an enumeration, in the order in which errors list them.
template <class Enum>
using Words = std::vector<std::pair<std::string, Enum>>;

/// The enumerator whose word stands at `key`.
template <class Enum>
[[nodiscard]] Enum read_enum(const MapReader& map, const std::string& key, const Words<Enum>& words,
                             std::optional<Enum> fallback = {}) {
  std::vector<std::string> known;
  std::optional<std::string> fallback_word;
  for (const auto& [word, value] : words) {
    known.push_back(word);
    if (fallback && *fallback == value) fallback_word = word;
  }
  const std::string given = map.choice(key, known, fallback_word);
  for (const auto& [word, value] : words) {
    if (word == given) return value;
  }
  return words.front().second;
}

/// Names at `key`, one or more (CFG-RANGE).
[[nodiscard]] std::vector<std::string> read_names(const MapReader& map, const std::string& key);

/// Called for each map of the list at `key`, with the node that it reads, for values that are kept as they stand. `node`:
/// what `map` reads.
void read_each(const MapReader& map, const YamlNode& node, const std::string& key,
               const std::function<void(const MapReader& item, const YamlNode& item_node)>& read);

}  // namespace nibble
