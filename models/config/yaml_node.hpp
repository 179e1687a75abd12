#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "models/base/error.hpp"

namespace nibble {

/// Where a piece of a file stands. Kept by every node, so that a value merged in from a parent file still
/// names it.
struct Place {
  std::shared_ptr<const std::string> file;
  int line = 0;    ///< 1-based
  int column = 0;  ///< 1-based
};

/// One node of a YAML document as plain data: no conversion has happened, every scalar is its text.
struct YamlNode {
  enum class Kind { null, scalar, sequence, map };
  struct Entry;

  Kind kind = Kind::null;
  Place place;
  std::string
      source;  ///< of a value: the `source` beside it, else of the nearest map above it in its own file
  std::string scalar;
  bool quoted = false;          ///< a quoted scalar is text, never a number or a boolean
  std::vector<YamlNode> items;  ///< of a sequence
  std::vector<Entry> entries;   ///< of a map, in file order, keys unique

  [[nodiscard]] const Entry* find(std::string_view key) const;
  [[nodiscard]] Entry* find(std::string_view key);
};

struct YamlNode::Entry {
  std::string key;
  Place place;  ///< of the key; the value has its own
  YamlNode value;
};

/// A document, its values stamped with their sources, and the duplicate keys found while reading it (the
/// first of each is kept).
struct YamlDocument {
  YamlNode root;
  std::vector<Problem> problems;
};

/// Parses one document. Aliases are copied in; InputError [YAML-SYNTAX] with line and column for what is not
/// YAML, for a second document, keys that are not words, an alias to a node that contains it, and for
/// documents that unfold to more than kMaxYamlNodes nodes.
[[nodiscard]] YamlDocument parse_yaml(std::string_view text, const std::string& file_name);

/// The same from a file; InputError [CFG-FILE] if it cannot be read or exceeds kMaxYamlBytes. Small files that still hold
/// the same text are parsed once. Any thread.
[[nodiscard]] YamlDocument parse_yaml_file(const std::filesystem::path& path);

inline constexpr std::size_t kMaxYamlNodes = 4'000'000;
inline constexpr std::size_t kMaxYamlBytes = std::size_t{64} << 20;

/// True for `{value: ..., source: ..., note: ...}`: a leaf that carries its source beside it.
[[nodiscard]] bool is_annotated(const YamlNode& node);

/// Text as it may stand in a one-line message: control characters out, cut to a bearable length.
[[nodiscard]] std::string printable(std::string_view text);
/// What stands at a node, for messages: its text, "empty", "a list" or "a map".
[[nodiscard]] std::string shown_value(const YamlNode& node);

/// Canonical text of what a tree says: keys sorted, annotations (`source`, `note`) and layout left out.
[[nodiscard]] std::string canonical_text(const YamlNode& node);

}  // namespace nibble
