#include "models/config/override.hpp"

#include <algorithm>
#include <string_view>

namespace nibble {
namespace {

bool leads(std::string_view path, std::string_view key) {
  return path.starts_with(key) && (path.size() == key.size() || path[key.size()] == '.');
}

/// The entry of `map` that the path goes through, made if there is none.
YamlNode::Entry& entry_on(YamlNode& map, std::string_view path, const Place& place) {
  YamlNode::Entry* best = nullptr;
  for (YamlNode::Entry& entry : map.entries) {
    if (leads(path, entry.key) && (best == nullptr || entry.key.size() > best->key.size())) best = &entry;
  }
  if (best != nullptr) return *best;
  YamlNode::Entry made;
  made.key = std::string{path.substr(0, path.find('.'))};
  made.place = place;
  made.value.place = place;
  map.entries.push_back(std::move(made));
  return map.entries.back();
}

}  // namespace

void override_value(YamlNode& root, const Override& value) {
  YamlNode* map = &root;
  std::string_view path = value.path;
  while (true) {
    if (map->kind != YamlNode::Kind::map || is_annotated(*map)) {
      map->kind = YamlNode::Kind::map;  // a path through a plain value: its reader says that it needs no map
      map->entries.clear();
    }
    YamlNode::Entry& entry = entry_on(*map, path, value.value.place);
    if (entry.key.size() == path.size()) {
      entry.place = value.value.place;
      entry.value = value.value;
      return;
    }
    path.remove_prefix(entry.key.size() + 1);
    map = &entry.value;
  }
}

}  // namespace nibble
