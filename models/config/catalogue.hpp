#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace nibble {

/// The folders of shipped files that names resolve to.
enum class Kind { network, accelerator, recipe, technology, grid, link, sweep, validation };

[[nodiscard]] std::string kind_name(Kind kind);  ///< "network", ...

/// Where shipped files lie: $NIBBLE_DATA, else beside the program or its build tree, else the install prefix.
[[nodiscard]] std::filesystem::path data_directory();

/// All shipped names of a kind, sorted.
[[nodiscard]] std::vector<std::string> shipped_names(Kind kind);

/// A name becomes the shipped file's path, a path stays what it is. Throws InputError [CAT-UNKNOWN] with the
/// nearest known name when there is no such file.
[[nodiscard]] std::filesystem::path resolve(Kind kind, const std::string& name_or_path);

}  // namespace nibble
