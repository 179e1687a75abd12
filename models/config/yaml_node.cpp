#include "models/config/yaml_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace nibble {
namespace {

void write_canonical(const YamlNode& node, std::string& out) {
  if (is_annotated(node)) {
    write_canonical(node.find("value")->value, out);
    return;
  }
  switch (node.kind) {
    case YamlNode::Kind::null:
      out += '~';
      return;
    case YamlNode::Kind::scalar:
      out += fmt::format("{}:{}", node.scalar.size(),
                         node.scalar);  // length first: no text can imitate structure
      return;
    case YamlNode::Kind::sequence:
      out += '[';
      for (const YamlNode& item : node.items) {
        write_canonical(item, out);
        out += ',';
      }
      out += ']';
      return;
    case YamlNode::Kind::map:
      break;
  }
  std::vector<const YamlNode::Entry*> sorted;
  for (const YamlNode::Entry& entry : node.entries) {
    if (entry.key != "source" && entry.key != "note") sorted.push_back(&entry);
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  out += '{';
  for (const YamlNode::Entry* entry : sorted) {
    out += fmt::format("{}:{}=", entry->key.size(), entry->key);
    write_canonical(entry->value, out);
    out += ',';
  }
  out += '}';
}

}  // namespace

const YamlNode::Entry* YamlNode::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

YamlNode::Entry* YamlNode::find(std::string_view key) {
  return const_cast<Entry*>(std::as_const(*this).find(key));
}

bool is_annotated(const YamlNode& node) {
  return node.kind == YamlNode::Kind::map && node.find("value") != nullptr &&
         std::all_of(node.entries.begin(), node.entries.end(), [](const YamlNode::Entry& entry) {
           return entry.key == "value" || entry.key == "source" || entry.key == "note";
         });
}

std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::string line;
  for (const char c : text.substr(0, kLongest)) line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return text.size() > kLongest ? line + "..." : line;
}

std::string shown_value(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "empty";
    case YamlNode::Kind::scalar:
      return node.quoted ? fmt::format("\"{}\"", printable(node.scalar)) : printable(node.scalar);
    case YamlNode::Kind::sequence:
      return "a list";
    case YamlNode::Kind::map:
      return "a map";
  }
  throw InternalError{"a YAML node of no kind"};
}

std::string canonical_text(const YamlNode& node) {
  std::string text;
  write_canonical(node, text);
  return text;
}

}  // namespace nibble
