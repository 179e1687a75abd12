#pragma once

#include <filesystem>

#include "models/config/catalogue.hpp"
#include "models/config/yaml_reader.hpp"

namespace nibble {

/// Loads a file and, where it says `extends: NAME-or-path`, lays it over that one: maps merge, key by key and at any depth;
/// values and lists replace. Every value keeps the place it came from. A path is relative to the extending file.
/// InputError [CFG-EXTENDS] when files extend one another in a circle.
[[nodiscard]] YamlFile load_extended(Kind kind, const std::string& name_or_path);

}  // namespace nibble
