#pragma once

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "models/base/check.hpp"

namespace nibble {

/// The keys of models/SOURCES.md's table, and the two words that stand for no document.
inline std::set<std::string> source_keys() {
  std::ifstream file{std::filesystem::path{NIBBLE_REPO_DIR} / "models" / "SOURCES.md"};
  std::set<std::string> keys{"memory", "estimate"};
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| ")) continue;
    const std::string key = line.substr(2, line.find(" |", 2) - 2);
    if (key != "key") keys.insert(key);
  }
  NIBBLE_CHECK(keys.size() > 10, "models/SOURCES.md has only {} keys", keys.size());
  return keys;
}

}  // namespace nibble
