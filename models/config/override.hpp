#pragma once

#include <string>
#include <vector>

#include "models/config/yaml_node.hpp"

namespace nibble {

/// A value that takes the place of a file's own: "core.l1.capacity" and what to write there. The value keeps the
/// place where it was given, so that what is wrong with it is reported there.
struct Override {
  std::string path;
  YamlNode value;
};

using Overrides = std::vector<Override>;

/// Writes the value at its path. Keys that hold dots themselves ("events.l1.read.energy") are found: of the keys that
/// the rest of the path starts with, the longest counts.
void override_value(YamlNode& root, const Override& value);

}  // namespace nibble
