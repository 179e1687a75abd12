#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "models/base/hash.hpp"
#include "models/config/yaml_reader.hpp"
#include "models/config/yaml_reader_state.hpp"

namespace nibble {
namespace {

Problem unknown_key(const YamlNode::Entry& entry, const std::string& path,
                    const std::vector<std::string>& known) {
  const std::string owner = path.empty() ? "this file" : fmt::format("'{}'", path);
  return {"CFG-UNKNOWN",
          *entry.place.file,
          entry.place.line,
          entry.place.column,
          fmt::format("'{}' is not a key of {}", printable(entry.key), owner),
          words_hint(entry.key, known)};
}

}  // namespace

YamlFile YamlFile::load(const std::filesystem::path& path) {
  return of(parse_yaml_file(path), path.string());
}

YamlFile YamlFile::parse(const std::string& text, const std::string& name) {
  return of(parse_yaml(text, name), name);
}

YamlFile YamlFile::of(YamlDocument document, const std::string& name) {
  auto state = std::make_shared<MapReader::State>();
  state->name = name;
  state->root = std::move(document.root);
  state->problems = std::move(document.problems);
  return YamlFile{std::move(state)};
}

MapReader YamlFile::root() const {
  const YamlNode& root = state_->root;
  if (root.kind != YamlNode::Kind::map) {
    throw InputError{Problem{"CFG-TYPE", state_->name, root.place.line, root.place.column,
                             fmt::format("the file is {}", shown_value(root)),
                             "needs a map: lines of 'key: value'"}};
  }
  state_->open(root, "");
  return MapReader{state_, &root, ""};
}

void YamlFile::require_schema(const std::string& schema) const {
  const MapReader reader = root();
  const YamlNode* given = reader.find("schema", false);
  if (given != nullptr && given->kind == YamlNode::Kind::scalar && given->scalar == schema) return;
  const Place& place = given == nullptr ? state_->root.place : given->place;
  throw InputError{Problem{
      "CFG-SCHEMA", *place.file, place.line, place.column,
      given == nullptr ? "the line 'schema:' is missing" : fmt::format("schema = {}", shown_value(*given)),
      fmt::format("this version reads 'schema: {}' here", schema)}};
}

bool YamlFile::ok() const { return state_->problems.empty(); }

void YamlFile::finish() const {
  std::vector<Problem> problems = state_->problems;
  for (const auto& [map, opened] : state_->opened) {
    for (const YamlNode::Entry& entry : map->entries) {
      if (opened.keys.contains(entry.key) || entry.key == "source" || entry.key == "note") continue;
      problems.push_back(unknown_key(entry, opened.path, {opened.keys.begin(), opened.keys.end()}));
    }
  }
  if (problems.empty()) return;
  // The loaded file first, then the files that it extends; the rest of the key makes the order the same each
  // time.
  const auto rank = [this](const Problem& p) {
    return std::tuple{p.file != state_->name, p.file, p.line, p.column, p.id, p.what};
  };
  std::sort(problems.begin(), problems.end(),
            [&](const Problem& a, const Problem& b) { return rank(a) < rank(b); });
  throw InputError{std::move(problems)};
}

const YamlNode& YamlFile::tree() const { return state_->root; }

const std::string& YamlFile::name() const { return state_->name; }

std::string YamlFile::hash() const { return content_hash(canonical_text(state_->root)); }

}  // namespace nibble
