#include "sim/app/kinds.hpp"

#include <fmt/format.h>

#include "models/base/error.hpp"
#include "models/config/extends.hpp"

namespace nibble {

std::string plural(Kind kind) {
  const std::string name = kind_name(kind);
  return name.ends_with('y') ? name.substr(0, name.size() - 1) + "ies" : name + "s";
}

Kind parse_kind(const std::string& word) {
  std::vector<std::string> words;
  for (const Kind kind : kKinds) {
    if (word == kind_name(kind) || word == plural(kind)) return kind;
    words.push_back(kind_name(kind));
    words.push_back(plural(kind));
  }
  const std::string near = nearest_word(word, words);
  throw InputError("CLI-KIND", fmt::format("'{}' is not a kind of file", word),
                   near.empty() ? "kinds: networks, accelerators, recipes, technologies, grids, links, sweeps, validations"
                                : fmt::format("did you mean '{}'?", near));
}

std::string description_of(Kind kind, const std::string& name_or_path) {
  return load_extended(kind, name_or_path).root().text("description", "");
}

}  // namespace nibble
