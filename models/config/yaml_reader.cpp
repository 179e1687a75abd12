#include "models/config/yaml_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "models/config/yaml_reader_state.hpp"

namespace nibble {

std::string words_hint(const std::string& given, const std::vector<std::string>& known) {
  constexpr std::size_t kShortList = 8;
  if (known.empty()) return {};
  const std::string near = nearest_word(given, known);
  const std::string list = fmt::format("one of: {}", fmt::join(known, ", "));
  if (near.empty()) return list;
  return fmt::format("did you mean '{}'?{}", near,
                     known.size() > kShortList ? "" : fmt::format(" ({})", list));
}

// ---- finding and reporting ----

std::string MapReader::path_of(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void MapReader::note(const YamlNode& at, const std::string& id, const std::string& what,
                     const std::string& hint) const {
  state_->problems.push_back({id, *at.place.file, at.place.line, at.place.column, what, hint});
}

void MapReader::note_range(const YamlNode& at, const std::string& key, const std::string& min,
                           const std::string& max) const {
  note(at, "CFG-RANGE", fmt::format("{} = {}", path_of(key), shown_value(at)),
       fmt::format("needs {} to {}", min, max));
}

void MapReader::problem(const std::string& key, const std::string& id, const std::string& what,
                        const std::string& hint) const {
  if (node_ == nullptr) return;
  const YamlNode* value = find_value(key, false);
  note(value == nullptr ? *node_ : *value, id, what, hint);
}

const YamlNode* MapReader::find(const std::string& key, bool required) const {
  if (node_ == nullptr) return nullptr;
  state_->opened.at(node_).keys.insert(key);
  const YamlNode::Entry* entry = node_->find(key);
  if (entry == nullptr && required) {
    note(*node_, "CFG-MISSING", fmt::format("{} is missing", path_of(key)), {});
  }
  return entry == nullptr ? nullptr : &entry->value;
}

const YamlNode* MapReader::find_value(const std::string& key, bool required) const {
  const YamlNode* node = find(key, required);
  if (node == nullptr || node->kind != YamlNode::Kind::map || node->find("value") == nullptr) return node;
  state_->open(*node, path_of(key)).insert({"value", "source", "note"});
  return &node->find("value")->value;
}

const YamlNode* MapReader::find_scalar(const std::string& key, bool required, const char* needs) const {
  const YamlNode* node = find_value(key, required);
  if (node == nullptr || node->kind == YamlNode::Kind::scalar) return node;
  note(*node, "CFG-TYPE", fmt::format("{} is {}", path_of(key), shown_value(*node)),
       fmt::format("needs {}", needs));
  return nullptr;
}

const YamlNode* MapReader::find_list(const std::string& key, bool required, const char* needs) const {
  const YamlNode* node = find_value(key, required);
  if (node == nullptr || node->kind == YamlNode::Kind::sequence) return node;
  note(*node, "CFG-TYPE", fmt::format("{} = {}", path_of(key), shown_value(*node)),
       fmt::format("needs {}", needs));
  return nullptr;
}

bool MapReader::has(const std::string& key) const { return find(key, false) != nullptr; }

std::vector<std::string> MapReader::keys() const {
  std::vector<std::string> keys;
  if (node_ == nullptr) return keys;
  for (const YamlNode::Entry& entry : node_->entries) {
    if (entry.key != "source" && entry.key != "note") keys.push_back(entry.key);
  }
  return keys;
}

bool MapReader::in_loaded_file(const std::string& key) const {
  const YamlNode* value = find_value(key, false);
  return value != nullptr && *value->place.file == state_->name;
}

std::string MapReader::place_of(const std::string& key) const {
  const YamlNode* value = find_value(key, false);
  if (value == nullptr) return "not given";
  const std::string file = std::filesystem::path{*value->place.file}.filename().string();
  return in_loaded_file(key) ? fmt::format("line {}", value->place.line)
                             : fmt::format("line {} of {}", value->place.line, file);
}

std::string MapReader::source_of(const std::string& key) const {
  const YamlNode* node = find(key, false);
  return node == nullptr ? std::string{} : node->source;
}

// ---- values ----

std::string MapReader::text(const std::string& key, std::optional<std::string> fallback) const {
  const YamlNode* node = find_scalar(key, !fallback, "a text");
  return node == nullptr ? fallback.value_or("") : node->scalar;
}

std::string MapReader::choice(const std::string& key, const std::vector<std::string>& words,
                              std::optional<std::string> fallback) const {
  const YamlNode* node = find_scalar(key, !fallback, "a word");
  const std::string otherwise = fallback.value_or(words.empty() ? "" : words.front());
  if (node == nullptr) return otherwise;
  if (std::find(words.begin(), words.end(), node->scalar) != words.end()) return node->scalar;
  note(*node, "CFG-CHOICE", fmt::format("{} = {}", path_of(key), shown_value(*node)),
       words_hint(node->scalar, words));
  return otherwise;
}

std::int64_t MapReader::integer(const std::string& key, std::int64_t min, std::int64_t max,
                                std::optional<std::int64_t> fallback) const {
  const YamlNode* node = find_scalar(key, !fallback, "a whole number");
  if (node == nullptr) return fallback.value_or(min);
  const std::optional<long long> value = node->quoted ? std::nullopt : parse_integer(node->scalar);
  if (!value && !node->quoted && is_integer_text(node->scalar)) {  // more digits than any field holds
    note_range(*node, key, std::to_string(min), std::to_string(max));
    return fallback.value_or(min);
  }
  if (!value) {
    note(*node, "CFG-TYPE", fmt::format("{} = {}", path_of(key), shown_value(*node)),
         "needs a whole number, written in decimal without leading zeros");
    return fallback.value_or(min);
  }
  if (*value >= min && *value <= max) return *value;
  note_range(*node, key, std::to_string(min), std::to_string(max));
  return fallback.value_or(min);
}

std::uint32_t MapReader::count(const std::string& key, std::uint32_t min, std::uint32_t max,
                               std::optional<std::uint32_t> fallback) const {
  const auto wide = fallback ? std::optional<std::int64_t>{*fallback} : std::nullopt;
  return static_cast<std::uint32_t>(integer(key, min, max, wide));
}

double MapReader::number(const std::string& key, double min, double max,
                         std::optional<double> fallback) const {
  const YamlNode* node = find_scalar(key, !fallback, "a number");
  if (node == nullptr) return fallback.value_or(min);
  const std::optional<double> value = node->quoted ? std::nullopt : parse_number(node->scalar);
  if (!value) {
    note(*node, "CFG-TYPE", fmt::format("{} = {}", path_of(key), shown_value(*node)),
         "needs a plain decimal number");
    return fallback.value_or(min);
  }
  if (*value >= min && *value <= max) return *value;
  note_range(*node, key, fmt::format("{:g}", min), fmt::format("{:g}", max));
  return fallback.value_or(min);
}

bool MapReader::boolean(const std::string& key, std::optional<bool> fallback) const {
  const YamlNode* node = find_scalar(key, !fallback, "true or false");
  if (node == nullptr) return fallback.value_or(false);
  if (!node->quoted && (node->scalar == "true" || node->scalar == "false")) return node->scalar == "true";
  note(*node, "CFG-TYPE", fmt::format("{} = {}", path_of(key), shown_value(*node)), "needs true or false");
  return fallback.value_or(false);
}

std::vector<std::string> MapReader::texts(const std::string& key,
                                          std::optional<std::vector<std::string>> fallback) const {
  const YamlNode* list = find_list(key, !fallback, "a list of texts");
  if (list == nullptr) return fallback.value_or(std::vector<std::string>{});
  std::vector<std::string> values;
  for (const YamlNode& item : list->items) {
    if (item.kind == YamlNode::Kind::scalar) {
      values.push_back(item.scalar);
    } else {
      note(item, "CFG-TYPE", fmt::format("{}[{}] is {}", path_of(key), values.size(), shown_value(item)),
           "needs a text");
    }
  }
  return values;
}

std::vector<std::int64_t> MapReader::integers(const std::string& key, std::int64_t min, std::int64_t max,
                                              std::optional<std::vector<std::int64_t>> fallback) const {
  const YamlNode* list = find_list(key, !fallback, "a list of whole numbers");
  if (list == nullptr) return fallback.value_or(std::vector<std::int64_t>{});
  std::vector<std::int64_t> values;
  for (const YamlNode& item : list->items) {
    const std::string place = fmt::format("{}[{}]", key, values.size());
    const bool plain = item.kind == YamlNode::Kind::scalar && !item.quoted;
    const std::optional<long long> value = plain ? parse_integer(item.scalar) : std::nullopt;
    if (!value) {
      note(item, "CFG-TYPE", fmt::format("{} = {}", path_of(place), shown_value(item)),
           "needs a whole number");
    } else if (*value < min || *value > max) {
      note_range(item, place, std::to_string(min), std::to_string(max));
    }
    values.push_back(value.value_or(min));
  }
  return values;
}

// ---- structure ----

MapReader MapReader::map(const std::string& key) const {
  const YamlNode* node = find(key, true);
  if (node != nullptr && node->kind != YamlNode::Kind::map) {
    note(*node, "CFG-TYPE", fmt::format("{} is {}", path_of(key), shown_value(*node)), "needs a map");
    node = nullptr;
  }
  if (node != nullptr) state_->open(*node, path_of(key));
  return MapReader{state_, node, path_of(key)};
}

std::vector<MapReader> MapReader::maps(const std::string& key) const {
  std::vector<MapReader> readers;
  const YamlNode* list = find_list(key, true, "a list of maps");
  if (list == nullptr) return readers;
  for (const YamlNode& item : list->items) {
    const std::string path = fmt::format("{}[{}]", path_of(key), readers.size());
    const bool is_map = item.kind == YamlNode::Kind::map;
    if (is_map) {
      state_->open(item, path);
    } else {
      note(item, "CFG-TYPE", fmt::format("{} is {}", path, shown_value(item)), "needs a map");
    }
    readers.push_back(MapReader{state_, is_map ? &item : nullptr, path});
  }
  return readers;
}

}  // namespace nibble
