#include "models/config/extends.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace nibble {
namespace {

void remove_key(YamlNode& map, std::string_view key) {
  std::erase_if(map.entries, [&](const YamlNode::Entry& entry) { return entry.key == key; });
}

void lay_over(YamlNode& base, YamlNode over) {
  const bool both_maps = base.kind == YamlNode::Kind::map && over.kind == YamlNode::Kind::map;
  if (!both_maps || is_annotated(base) || is_annotated(over)) {
    base = std::move(over);
    return;
  }
  base.place = over.place;  // what is missing from the whole is missing from the file at hand
  for (YamlNode::Entry& entry : over.entries) {
    YamlNode::Entry* known = base.find(entry.key);
    if (known == nullptr) {
      base.entries.push_back(std::move(entry));
    } else if (entry.value.kind == YamlNode::Kind::null) {
      remove_key(base, entry.key);
    } else {
      known->place = entry.place;
      lay_over(known->value, std::move(entry.value));
    }
  }
}

std::string parent_of(const YamlNode& parent, const std::filesystem::path& child) {
  const std::filesystem::path given{parent.scalar};
  const bool is_path = given.has_parent_path() || given.extension() == ".yaml" || given.extension() == ".yml";
  return is_path && given.is_relative() ? (child.parent_path() / given).lexically_normal().string()
                                        : parent.scalar;
}

YamlDocument resolve_chain(Kind kind, const std::filesystem::path& path, std::vector<std::string>& chain) {
  YamlDocument document = parse_yaml_file(path);
  const YamlNode::Entry* extends = document.root.find("extends");
  if (extends == nullptr) return document;
  const YamlNode parent = extends->value;
  const auto fail = [&](const std::string& id, const std::string& what, const std::string& hint) {
    throw InputError{Problem{id, path.string(), parent.place.line, parent.place.column, what, hint}};
  };
  if (parent.kind != YamlNode::Kind::scalar)
    fail("CFG-TYPE", fmt::format("extends is {}", shown_value(parent)),
         "needs the name of a shipped file or a path");
  chain.push_back(std::filesystem::weakly_canonical(path).string());
  std::filesystem::path above;
  try {
    above = resolve(kind, parent_of(parent, path));
  } catch (const InputError& error) {
    fail(error.problems().front().id, error.problems().front().what, error.problems().front().hint);
  }
  const std::string canonical = std::filesystem::weakly_canonical(above).string();
  if (std::find(chain.begin(), chain.end(), canonical) != chain.end()) {
    std::vector<std::string> names;
    for (const std::string& file : chain) names.push_back(std::filesystem::path{file}.filename().string());
    names.push_back(above.filename().string());
    fail("CFG-EXTENDS", fmt::format("extends = {} closes a circle", parent.scalar),
         fmt::format("the chain: {}", fmt::join(names, " -> ")));
  }
  YamlDocument base = resolve_chain(kind, above, chain);
  remove_key(document.root, "extends");
  lay_over(base.root, std::move(document.root));
  base.problems.insert(base.problems.end(), document.problems.begin(), document.problems.end());
  return base;
}

}  // namespace

YamlFile load_extended(Kind kind, const std::string& name_or_path, const Overrides& overrides) {
  const std::filesystem::path path = resolve(kind, name_or_path);
  std::vector<std::string> chain;
  YamlDocument document = resolve_chain(kind, path, chain);
  for (const Override& value : overrides) override_value(document.root, value);
  return YamlFile::of(std::move(document), path.string());
}

}  // namespace nibble
