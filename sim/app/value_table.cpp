#include <fmt/format.h>

#include "sim/app/describe.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

/// Rows of the table, collected while walking down the tree.
class ValueRows {
 public:
  void add(const YamlNode& node, const std::string& path, const std::string& inherited) {
    if (node.kind == YamlNode::Kind::map && !is_annotated(node)) {
      const std::string source = text_of(node.find("source"), inherited);
      for (const YamlNode::Entry& entry : node.entries) {
        if (entry.key == "source" || entry.key == "note") continue;
        add(entry.value, path.empty() ? entry.key : path + "." + entry.key, source);
      }
      return;
    }
    if (node.kind == YamlNode::Kind::sequence && holds_maps(node)) {
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        add(node.items[i], fmt::format("{}[{}]", path, i), inherited);
      }
      return;
    }
    add_leaf(node, path, inherited);
  }

  [[nodiscard]] std::string text() && {
    return table_text({words("key", std::move(keys_)), words("value", std::move(values_)),
                       words("source", std::move(sources_)), words("note", std::move(notes_))});
  }

 private:
  static std::string text_of(const YamlNode::Entry* entry, const std::string& fallback) {
    return entry && entry->value.kind == YamlNode::Kind::scalar ? entry->value.scalar : fallback;
  }

  static bool holds_maps(const YamlNode& sequence) {
    return !sequence.items.empty() && sequence.items.front().kind == YamlNode::Kind::map;
  }

  static std::string flat(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::sequence) return node.scalar;
    std::string joined;
    for (const YamlNode& item : node.items) joined += (joined.empty() ? "" : ", ") + item.scalar;
    return joined;
  }

  void add_leaf(const YamlNode& node, const std::string& path, const std::string& inherited) {
    const bool annotated = is_annotated(node);
    keys_.push_back(path);
    values_.push_back(flat(annotated ? node.find("value")->value : node));
    sources_.push_back(annotated ? text_of(node.find("source"), inherited) : inherited);
    notes_.push_back(annotated ? text_of(node.find("note"), "") : "");
  }

  std::vector<std::string> keys_, values_, sources_, notes_;
};

}  // namespace

std::string value_table(const YamlNode& root, const std::string& left_out) {
  ValueRows rows;
  const YamlNode::Entry* source = root.find("source");
  for (const YamlNode::Entry& entry : root.entries) {
    const bool in_heading = entry.key == "schema" || entry.key == "name" || entry.key == "description";
    if (in_heading || entry.key == left_out || entry.key == "source" || entry.key == "note") continue;
    rows.add(entry.value, entry.key, source ? source->value.scalar : "");
  }
  return std::move(rows).text();
}

}  // namespace nibble
