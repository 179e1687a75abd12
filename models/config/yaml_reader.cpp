#include "models/config/yaml_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "models/base/hash.hpp"

namespace nibble {

/// What all readers of one file share: the tree, the problems so far, and which keys were asked for where.
struct MapReader::State {
  std::string name;
  YamlNode root;
  std::vector<Problem> problems;
  std::map<const YamlNode*, std::set<std::string>> asked;  ///< by map node; absent: never opened
  std::map<const YamlNode*, std::string> paths;            ///< of opened maps
  std::map<const YamlNode*, const YamlNode*> parents;      ///< of opened maps

  void open(const YamlNode& map, const std::string& path, const YamlNode* parent) {
    asked.try_emplace(&map);
    paths.try_emplace(&map, path);
    parents.try_emplace(&map, parent);
  }
  void report_unknown_keys();
};

namespace {

constexpr std::size_t kLongestEcho = 60;

/// The text as it may stand in a one-line message: control characters out, cut to a bearable length.
std::string echo(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    if (shown.size() == kLongestEcho) return shown + "...";
    shown += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return shown;
}

/// What stands at a node, for "key = ..." in messages.
std::string shown(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "empty";
    case YamlNode::Kind::scalar:
      return node.quoted ? fmt::format("\"{}\"", echo(node.scalar)) : echo(node.scalar);
    case YamlNode::Kind::sequence:
      return "a list";
    case YamlNode::Kind::map:
      return "a map";
  }
  return {};
}

std::string source_in(const YamlNode& map, const Place& same_file_as) {
  const YamlNode::Entry* source = map.find("source");
  if (source == nullptr || source->value.kind != YamlNode::Kind::scalar) return {};
  return *source->place.file == *same_file_as.file ? source->value.scalar : std::string{};
}

}  // namespace

void MapReader::State::report_unknown_keys() {
  for (const auto& [map, known] : asked) {
    for (const YamlNode::Entry& entry : map->entries) {
      if (known.contains(entry.key) || entry.key == "source" || entry.key == "note") continue;
      const std::vector<std::string> words{known.begin(), known.end()};
      const std::string near = nearest_word(entry.key, words);
      const std::string& path = paths.at(map);
      problems.push_back({"CFG-UNKNOWN", *entry.place.file, entry.place.line, entry.place.column,
                          fmt::format("'{}' is not a key of {}", echo(entry.key),
                                      path.empty() ? "this file" : fmt::format("'{}'", path)),
                          near.empty() ? fmt::format("known: {}", fmt::join(words, ", "))
                                       : fmt::format("did you mean '{}'?", near)});
    }
  }
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
  note(at, "CFG-RANGE", fmt::format("{} = {}", path_of(key), shown(at)),
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
  state_->asked[node_].insert(key);
  const YamlNode::Entry* entry = node_->find(key);
  if (entry == nullptr && required) {
    note(*node_, "CFG-MISSING", fmt::format("{} is missing", path_of(key)), {});
  }
  return entry == nullptr ? nullptr : &entry->value;
}

const YamlNode* MapReader::find_value(const std::string& key, bool required) const {
  const YamlNode* node = find(key, required);
  if (node == nullptr || node->kind != YamlNode::Kind::map || node->find("value") == nullptr) return node;
  state_->open(*node, path_of(key), node_);
  state_->asked[node].insert({"value", "source", "note"});
  return &node->find("value")->value;
}

const YamlNode* MapReader::find_scalar(const std::string& key, bool required, const char* needs) const {
  const YamlNode* node = find_value(key, required);
  if (node == nullptr || node->kind == YamlNode::Kind::scalar) return node;
  note(*node, "CFG-TYPE", fmt::format("{} is {}", path_of(key), shown(*node)),
       fmt::format("needs {}", needs));
  return nullptr;
}

const YamlNode* MapReader::find_list(const std::string& key, bool required, const char* needs) const {
  const YamlNode* node = find_value(key, required);
  if (node == nullptr || node->kind == YamlNode::Kind::sequence) return node;
  note(*node, "CFG-TYPE", fmt::format("{} = {}", path_of(key), shown(*node)), fmt::format("needs {}", needs));
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

int MapReader::line_of(const std::string& key) const {
  const YamlNode* value = find_value(key, false);
  return value == nullptr ? 0 : value->place.line;
}

std::string MapReader::source_of(const std::string& key) const {
  const YamlNode* node = find(key, false);
  if (node == nullptr) return {};
  if (node->kind == YamlNode::Kind::map) {
    const std::string own = source_in(*node, node->place);
    if (!own.empty()) return own;
  }
  for (const YamlNode* map = node_; map != nullptr; map = state_->parents.at(map)) {
    const std::string inherited = source_in(*map, node->place);
    if (!inherited.empty()) return inherited;
  }
  return {};
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
  const std::string near = nearest_word(node->scalar, words);
  note(*node, "CFG-CHOICE", fmt::format("{} = {}", path_of(key), shown(*node)),
       near.empty() ? fmt::format("needs one of: {}", fmt::join(words, ", "))
                    : fmt::format("did you mean '{}'? (one of: {})", near, fmt::join(words, ", ")));
  return otherwise;
}

std::int64_t MapReader::integer(const std::string& key, std::int64_t min, std::int64_t max,
                                std::optional<std::int64_t> fallback) const {
  const YamlNode* node = find_scalar(key, !fallback, "a whole number");
  if (node == nullptr) return fallback.value_or(min);
  const std::optional<long long> value = node->quoted ? std::nullopt : parse_integer(node->scalar);
  if (!value) {
    note(*node, "CFG-TYPE", fmt::format("{} = {}", path_of(key), shown(*node)),
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
    note(*node, "CFG-TYPE", fmt::format("{} = {}", path_of(key), shown(*node)),
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
  note(*node, "CFG-TYPE", fmt::format("{} = {}", path_of(key), shown(*node)), "needs true or false");
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
      note(item, "CFG-TYPE", fmt::format("{}[{}] is {}", path_of(key), values.size(), shown(item)),
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
      note(item, "CFG-TYPE", fmt::format("{} = {}", path_of(place), shown(item)), "needs a whole number");
    } else if (*value < min || *value > max) {
      note_range(item, place, std::to_string(min), std::to_string(max));
    }
    values.push_back(value.value_or(min));
  }
  return values;
}

double MapReader::quantity(const std::string& key, const UnitKind& kind, double min, double max,
                           std::optional<double> fallback) const {
  const YamlNode* node = find_scalar(key, !fallback, fmt::format("{} with its unit", kind.quantity).c_str());
  const double otherwise = fallback.value_or(min);
  if (node == nullptr) return otherwise;
  const std::string given = fmt::format("{} = {}", path_of(key), shown(*node));
  const ParsedQuantity parsed = parse_quantity(node->scalar, kind);
  if (!parsed.value) {
    note(*node, parsed.number_ok ? "CFG-UNIT" : "CFG-TYPE", given,
         fmt::format("needs {}: a number and one of {}", kind.quantity, kind.allowed()));
    return otherwise;
  }
  if (kind.whole && *parsed.value != std::floor(*parsed.value)) {
    note(*node, "CFG-TYPE", given, fmt::format("is not a whole number of {}", kind.units.front().word));
    return otherwise;
  }
  if (*parsed.value >= min && *parsed.value <= max) return *parsed.value;
  note(*node, "CFG-RANGE", given,
       fmt::format("needs {} from {} to {}", kind.quantity, kind.text(min), kind.text(max)));
  return otherwise;
}

namespace {

template <class Q>
Q typed_quantity(const MapReader& map, const std::string& key, const UnitKind& kind, Q min, Q max,
                 std::optional<Q> fallback) {
  const auto plain = fallback ? std::optional<double>{static_cast<double>(fallback->value())} : std::nullopt;
  return Q{static_cast<typename Q::rep>(
      map.quantity(key, kind, static_cast<double>(min.value()), static_cast<double>(max.value()), plain))};
}

}  // namespace

Bytes MapReader::bytes(const std::string& key, Bytes min, Bytes max, std::optional<Bytes> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kBytes, min, max, fallback);
}
Hertz MapReader::hertz(const std::string& key, Hertz min, Hertz max, std::optional<Hertz> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kHertz, min, max, fallback);
}
Volts MapReader::volts(const std::string& key, Volts min, Volts max, std::optional<Volts> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kVolts, min, max, fallback);
}
Seconds MapReader::seconds(const std::string& key, Seconds min, Seconds max,
                           std::optional<Seconds> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kSeconds, min, max, fallback);
}
Watts MapReader::watts(const std::string& key, Watts min, Watts max, std::optional<Watts> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kWatts, min, max, fallback);
}
BytesPerCycle MapReader::bytes_per_cycle(const std::string& key, BytesPerCycle min, BytesPerCycle max,
                                         std::optional<BytesPerCycle> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kBytesPerCycle, min, max, fallback);
}
BytesPerSecond MapReader::bytes_per_second(const std::string& key, BytesPerSecond min, BytesPerSecond max,
                                           std::optional<BytesPerSecond> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kBytesPerSecond, min, max, fallback);
}
SquareMillimetres MapReader::square_millimetres(const std::string& key, SquareMillimetres min,
                                                SquareMillimetres max,
                                                std::optional<SquareMillimetres> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kSquareMillimetres, min, max, fallback);
}
Picojoules MapReader::picojoules(const std::string& key, Picojoules min, Picojoules max,
                                 std::optional<Picojoules> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kPicojoules, min, max, fallback);
}
GramsPerKilowattHour MapReader::grams_per_kilowatt_hour(const std::string& key, GramsPerKilowattHour min,
                                                        GramsPerKilowattHour max,
                                                        std::optional<GramsPerKilowattHour> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kGramsPerKilowattHour, min, max, fallback);
}

// ---- structure ----

MapReader MapReader::map(const std::string& key) const {
  const YamlNode* node = find(key, true);
  if (node != nullptr && node->kind != YamlNode::Kind::map) {
    note(*node, "CFG-TYPE", fmt::format("{} is {}", path_of(key), shown(*node)), "needs a map");
    node = nullptr;
  }
  if (node != nullptr) state_->open(*node, path_of(key), node_);
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
      state_->open(item, path, node_);
    } else {
      note(item, "CFG-TYPE", fmt::format("{} is {}", path, shown(item)), "needs a map");
    }
    readers.push_back(MapReader{state_, is_map ? &item : nullptr, path});
  }
  return readers;
}

// ---- the file ----

YamlFile YamlFile::load(const std::filesystem::path& path) {
  return of(parse_yaml_file(path), path.string());
}

YamlFile YamlFile::parse(const std::string& text, const std::string& name) {
  return of(parse_yaml(text, name), name);
}

YamlFile YamlFile::of(YamlDocument document, const std::string& name) {
  auto state = std::make_shared<MapReader::State>();
  state->name = name;
  state->root = std::move(document.root);
  state->problems = std::move(document.problems);
  return YamlFile{std::move(state)};
}

MapReader YamlFile::root() const {
  const YamlNode& root = state_->root;
  if (root.kind != YamlNode::Kind::map) {
    throw InputError{Problem{"CFG-TYPE", state_->name, root.place.line, root.place.column,
                             fmt::format("the file is {}", shown(root)),
                             "needs a map: lines of 'key: value'"}};
  }
  state_->open(root, "", nullptr);
  return MapReader{state_, &root, ""};
}

void YamlFile::require_schema(const std::string& schema) const {
  const MapReader reader = root();
  const YamlNode* given = reader.find("schema", false);
  if (given != nullptr && given->kind == YamlNode::Kind::scalar && given->scalar == schema) return;
  const Place& place = given == nullptr ? state_->root.place : given->place;
  throw InputError{
      Problem{"CFG-SCHEMA", *place.file, place.line, place.column,
              given == nullptr ? "the line 'schema:' is missing" : fmt::format("schema = {}", shown(*given)),
              fmt::format("this version reads 'schema: {}' here", schema)}};
}

bool YamlFile::ok() const { return state_->problems.empty(); }

void YamlFile::finish() const {
  std::vector<Problem> before = state_->problems;
  state_->report_unknown_keys();
  std::vector<Problem> problems = std::exchange(state_->problems, std::move(before));
  if (problems.empty()) return;
  std::stable_sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
  });
  throw InputError{std::move(problems)};
}

const std::string& YamlFile::name() const { return state_->name; }

std::string YamlFile::hash() const { return content_hash(canonical_text(state_->root)); }

}  // namespace nibble
