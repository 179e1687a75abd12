#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <utility>

#include "models/config/yaml_node.hpp"

namespace nibble {
namespace {

[[noreturn]] void fail_syntax(const std::string& file, const YAML::Mark& mark, std::string what,
                              std::string hint = {}) {
  throw InputError{
      Problem{"YAML-SYNTAX", file, mark.line + 1, mark.column + 1, std::move(what), std::move(hint)}};
}

/// The parser's own words for a tab in the indentation ("illegal map value") help no one.
std::string tab_hint(std::string_view text) {
  int line = 0;
  while (!text.empty()) {
    ++line;
    const std::string_view current = text.substr(0, text.find('\n'));
    const std::size_t content = current.find_first_not_of(' ');
    if (content != std::string_view::npos && current[content] == '\t') {
      return fmt::format("line {} is indented with a tab: YAML takes spaces only", line);
    }
    text.remove_prefix(std::min(current.size() + 1, text.size()));
  }
  return {};
}

/// Whether the quote that opens at or after `from` closes again.
bool closes_quote(std::string_view text, std::size_t from) {
  const std::size_t open = text.find_first_of("'\"", from);
  if (open == std::string_view::npos) return true;
  const char quote = text[open];
  for (std::size_t i = open + 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || i + 1 == text.size() || text[i + 1] != quote) return true;
      ++i;  // '' is a quote inside single quotes
    }
  }
  return false;
}

/// Byte offset of a place; yaml-cpp counts columns in bytes.
std::size_t offset_of(std::string_view text, const YAML::Mark& mark) {
  std::size_t start = 0;
  for (int line = 0; line < mark.line; ++line) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string_view::npos) break;
    start = end + 1;
  }
  return start + static_cast<std::size_t>(mark.column);
}

/// Builds the tree from parser events. The events, unlike yaml-cpp's node tree, show duplicate keys, the
/// place of every key and whether a scalar was quoted, and let us stop an alias bomb before it unfolds.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const std::string& file_name)
      : file_{std::make_shared<const std::string>(file_name)} {}

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = mark; }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add_leaf(leaf(YamlNode::Kind::null, mark), mark, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = leaf(YamlNode::Kind::scalar, mark);
    node.scalar = value;
    last_quoted_ = tag == "!" ? std::optional{mark} : std::nullopt;
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

  [[nodiscard]] const YAML::Mark& start() const { return start_; }
  /// Where the document's last scalar stands, if it is quoted.
  [[nodiscard]] const std::optional<YAML::Mark>& last_quoted() const { return last_quoted_; }
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
  YAML::Mark start_;
  std::optional<YAML::Mark> last_quoted_;
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

}  // namespace

YamlDocument parse_yaml(std::string_view text, const std::string& file_name) {
  if (text.find('\0') != std::string_view::npos) {
    throw InputError{Problem{"YAML-SYNTAX", file_name, 0, 0, "is not UTF-8 text", ""}};
  }
  TreeBuilder builder{file_name};
  try {
    std::istringstream stream{std::string{text}};
    YAML::Parser parser{stream};
    parser.HandleNextDocument(builder);
    // yaml-cpp takes the end of the file for a missing closing quote; only the last scalar can run into it.
    if (builder.last_quoted() && !closes_quote(text, offset_of(text, *builder.last_quoted()))) {
      fail_syntax(file_name, *builder.last_quoted(), "a quote is opened and never closed");
    }
    YamlDocument document = builder.take();
    document.root.place.file = std::make_shared<const std::string>(file_name);  // also for an empty document
    stamp_sources(document.root, {});
    TreeBuilder second{file_name};
    if (parser.HandleNextDocument(second)) {
      fail_syntax(file_name, second.start(), "the file holds more than one document",
                  "remove the second '---'");
    }
    return document;
  } catch (const YAML::Exception& error) {
    fail_syntax(file_name, error.mark, error.msg, tab_hint(text));
  }
}

}  // namespace nibble
