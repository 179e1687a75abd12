#pragma once

#include <filesystem>

#include "models/config/catalogue.hpp"
#include "models/config/override.hpp"
#include "models/config/yaml_reader.hpp"

namespace nibble {

/// Loads a file and, where it says `extends: NAME-or-path`, lays it over that one: maps merge, key by key and
/// at any depth; values and lists replace; a key given as `~` is taken away. Every value keeps the place and
/// the source that it came with. A path is relative to the extending file. InputError [CFG-EXTENDS] when
/// files extend one another in a circle, [CAT-UNKNOWN] at the `extends` line when there is no such file.
///
/// `overrides` are laid on top: values by path, whose place is where they were written. A path that the file does not
/// have becomes a key of its own, which the strict reader then reports there.
[[nodiscard]] YamlFile load_extended(Kind kind, const std::string& name_or_path, const Overrides& overrides = {});

}  // namespace nibble
