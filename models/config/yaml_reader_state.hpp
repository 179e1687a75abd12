#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "models/config/yaml_reader.hpp"

namespace nibble {

/// What all readers of one file share: the tree, the problems so far, and which keys were asked for where.
/// Private to the reader's own translation units.
struct MapReader::State {
  struct Opened {
    std::string path;
    std::set<std::string> keys;  ///< asked for so far: what the map may hold
  };

  std::string name;
  YamlNode root;
  std::vector<Problem> problems;
  std::map<const YamlNode*, Opened> opened;

  /// Starts to hold a map to its known keys, which are returned.
  std::set<std::string>& open(const YamlNode& map, const std::string& path) {
    return opened.try_emplace(&map, Opened{path, {}}).first->second.keys;
  }
};

}  // namespace nibble
