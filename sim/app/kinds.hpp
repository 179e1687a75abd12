#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/config/catalogue.hpp"

namespace nibble {

inline constexpr Kind kKinds[] = {Kind::network, Kind::accelerator, Kind::recipe, Kind::technology,
                                  Kind::grid, Kind::link, Kind::sweep, Kind::validation};

/// "network" -> "networks", "technology" -> "technologies".
[[nodiscard]] std::string plural(Kind kind);

/// The kind called `word`, in singular or plural; InputError [CLI-KIND] with the nearest word otherwise.
[[nodiscard]] Kind parse_kind(const std::string& word);

/// The `description` line of a shipped file or a path.
[[nodiscard]] std::string description_of(Kind kind, const std::string& name_or_path);

}  // namespace nibble
