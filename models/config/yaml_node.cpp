#include "models/config/yaml_node.hpp"

#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>
#include <utility>

namespace nibble {
namespace {

[[noreturn]] void fail_syntax(const std::string& file, const YAML::Mark& mark, std::string what,
                              std::string hint = {}) {
  throw InputError{
      Problem{"YAML-SYNTAX", file, mark.line + 1, mark.column + 1, std::move(what), std::move(hint)}};
}

/// Builds the tree from parser events. The events, unlike yaml-cpp's node tree, show duplicate keys, the
/// place of every key and whether a scalar was quoted, and let us stop an alias bomb before it unfolds.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& file_name)
      : file_{std::make_shared<const std::string>(file_name)} {}

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add_leaf(leaf(YamlNode::Kind::null, mark), mark, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = leaf(YamlNode::Kind::scalar, mark);
    node.scalar = value;
    node.quoted = tag == "!";  // the parser's tag for a quoted scalar without an explicit tag
    if (!tag.empty() && tag != "?" && tag != "!")
      fail_syntax(*file_, mark, fmt::format("tag '{}' is not allowed", tag));
    add_leaf(std::move(node), mark, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) fail_syntax(*file_, mark, "an alias stands inside the node that it names");
    count_nodes(mark, known->second.size);
    attach(YamlNode{known->second.node}, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(YamlNode::Kind::sequence, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(YamlNode::Kind::map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] YamlDocument take() { return {std::move(root_), std::move(problems_)}; }

 private:
  /// A map or sequence whose end has not come yet. A map takes keys and values in turn.
  struct OpenNode {
    YamlNode node;
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    std::size_t nodes_before = 0;
    bool key_read = false;
    bool duplicate = false;
    std::string key;
    Place key_place;
    std::map<std::string, int> key_lines;  ///< keys so far: looked up here, so that a huge map stays linear
  };
  struct Anchored {
    YamlNode node;
    std::size_t size = 0;
  };

  [[nodiscard]] Place place(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

  [[nodiscard]] YamlNode leaf(YamlNode::Kind kind, const YAML::Mark& mark) const {
    YamlNode node;
    node.kind = kind;
    node.place = place(mark);
    return node;
  }

  void count_nodes(const YAML::Mark& mark, std::size_t more) {
    nodes_ += more;
    if (nodes_ > kMaxYamlNodes) {
      fail_syntax(*file_, mark, fmt::format("the document unfolds to more than {} nodes", kMaxYamlNodes));
    }
  }

  void add_leaf(YamlNode node, const YAML::Mark& mark, YAML::anchor_t anchor) {
    count_nodes(mark, 1);
    if (anchor != 0) anchors_[anchor] = {node, 1};
    attach(std::move(node), mark);
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    count_nodes(mark, 1);
    if (!stack_.empty() && stack_.back().node.kind == YamlNode::Kind::map && !stack_.back().key_read) {
      fail_syntax(*file_, mark, "a key must be a word, not a list or a map");
    }
    OpenNode opened;
    opened.node = leaf(kind, mark);
    opened.mark = mark;
    opened.anchor = anchor;
    opened.nodes_before = nodes_ - 1;
    stack_.push_back(std::move(opened));
  }

  void close() {
    OpenNode closed = std::move(stack_.back());
    stack_.pop_back();
    if (closed.anchor != 0) anchors_[closed.anchor] = {closed.node, nodes_ - closed.nodes_before};
    attach(std::move(closed.node), closed.mark);
  }

  void attach(YamlNode node, const YAML::Mark& mark) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& parent = stack_.back();
    if (parent.node.kind == YamlNode::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key_read) {
      read_key(parent, node, mark);
    } else {
      parent.key_read = false;
      if (!parent.duplicate) parent.node.entries.push_back({parent.key, parent.key_place, std::move(node)});
    }
  }

  void read_key(OpenNode& map, const YamlNode& key, const YAML::Mark& mark) {
    if (key.kind != YamlNode::Kind::scalar) fail_syntax(*file_, mark, "a key must be a word");
    const auto [first, is_new] = map.key_lines.try_emplace(key.scalar, mark.line + 1);
    if (!is_new) {
      problems_.push_back({"CFG-DUPLICATE", *file_, mark.line + 1, mark.column + 1,
                           fmt::format("'{}' is given twice", printable(key.scalar)),
                           fmt::format("first given in line {}", first->second)});
    }
    map.key_read = true;
    map.duplicate = !is_new;
    map.key = key.scalar;
    map.key_place = place(mark);
  }

  std::shared_ptr<const std::string> file_;
  YamlNode root_;
  std::vector<OpenNode> stack_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::vector<Problem> problems_;
  std::size_t nodes_ = 0;
};

/// Gives every node the source that speaks for it. Done per file, before `extends` merges trees: a parent's
/// `source` must not vouch for a child's values, nor the other way about.
void stamp_sources(YamlNode& node, const std::string& inherited) {
  const YamlNode::Entry* own = node.find("source");
  node.source = own != nullptr && own->value.kind == YamlNode::Kind::scalar ? own->value.scalar : inherited;
  for (YamlNode& item : node.items) stamp_sources(item, node.source);
  for (YamlNode::Entry& entry : node.entries) stamp_sources(entry.value, node.source);
}

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

YamlDocument parse_yaml(std::string_view text, const std::string& file_name) {
  TreeBuilder builder{file_name};
  try {
    std::istringstream stream{std::string{text}};
    YAML::Parser parser{stream};
    parser.HandleNextDocument(builder);
    YamlDocument document = builder.take();
    document.root.place.file = std::make_shared<const std::string>(file_name);  // also for an empty document
    stamp_sources(document.root, {});
    TreeBuilder second{file_name};
    if (parser.HandleNextDocument(second)) {
      fail_syntax(file_name, YAML::Mark{}, "the file holds more than one document",
                  "remove the second '---'");
    }
    return document;
  } catch (const YAML::Exception& error) {
    fail_syntax(file_name, error.mark, error.msg);
  }
}

YamlDocument parse_yaml_file(const std::filesystem::path& path) {
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(path, error);
  const std::uintmax_t size = regular ? std::filesystem::file_size(path, error) : 0;
  std::ifstream stream{path, std::ios::binary};
  if (!regular || error || !stream) {
    throw InputError{
        Problem{"CFG-FILE", path.string(), 0, 0, "cannot be read", "is it there, and a plain file?"}};
  }
  if (size > kMaxYamlBytes) {
    throw InputError{Problem{"CFG-FILE", path.string(), 0, 0, fmt::format("is {} bytes long", size),
                             fmt::format("at most {} bytes are read", kMaxYamlBytes)}};
  }
  std::ostringstream text;
  text << stream.rdbuf();
  return parse_yaml(text.str(), path.string());
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
