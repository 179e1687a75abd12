#include "workloads/lowering/graph.hpp"

#include <utility>

#include "models/base/check.hpp"

namespace nibble::lowering {

ValueId Graph::add_value(Value value) {
  const auto id = static_cast<ValueId>(values_.size());
  const std::optional<ValueId> whole = value.part_of;
  value.part_of.reset();
  values_.push_back(std::move(value));
  producers_.emplace_back();
  parts_.emplace_back();
  if (whole) place(id, *whole);
  return id;
}

NodeId Graph::add_node(Node node) {
  const auto id = static_cast<NodeId>(nodes_.size());
  for (const Use& output : node.outputs) {
    NIBBLE_CHECK(!producers_[output.value], "'{}' is made twice", values_[output.value].name);
    producers_[output.value] = id;
  }
  nodes_.push_back(std::move(node));
  return id;
}

void Graph::place(ValueId part, ValueId whole) {
  NIBBLE_CHECK(!values_[part].part_of, "'{}' lies in another value already", values_[part].name);
  NIBBLE_CHECK(values_[part].format == values_[whole].format, "'{}' is {}, '{}' is {}", values_[part].name,
               values_[part].format, values_[whole].name, values_[whole].format);
  values_[part].part_of = whole;
  parts_[whole].push_back(part);
}

ValueId Graph::root(ValueId id) const {
  while (values_[id].part_of) id = *values_[id].part_of;
  return id;
}

void Graph::writers_of_parts(ValueId whole, std::vector<NodeId>& found) const {
  for (const ValueId part : parts_[whole]) {
    if (producers_[part]) found.push_back(*producers_[part]);
    writers_of_parts(part, found);
  }
}

std::vector<NodeId> Graph::writers(ValueId id) const {
  std::vector<NodeId> found;
  if (producers_[id]) found.push_back(*producers_[id]);
  writers_of_parts(id, found);
  // A slice has no producer of its own: whoever makes what it is cut from makes it.
  if (found.empty() && values_[id].part_of) return writers(*values_[id].part_of);
  return found;
}

void Graph::remove_dead_nodes() {
  std::vector<bool> read(values_.size(), false);
  std::vector<bool> alive(nodes_.size(), false);
  std::vector<bool> needed(nodes_.size(), false);
  for (ValueId id = 0; id < values_.size(); ++id) {
    if (!values_[id].kept && !values_[root(id)].parameter) continue;
    for (const NodeId writer : writers(id)) needed[writer] = true;
  }
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    if (!needed[i]) continue;
    alive[i] = true;
    for (const Use& input : nodes_[i].inputs) {
      if (read[input.value]) continue;
      read[input.value] = true;
      for (const NodeId writer : writers(input.value)) needed[writer] = true;
    }
  }
  std::vector<Node> kept;
  producers_.assign(values_.size(), std::nullopt);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!alive[i]) continue;
    for (const Use& output : nodes_[i].outputs) producers_[output.value] = static_cast<NodeId>(kept.size());
    std::erase_if(nodes_[i].work, [&](const WorkItem& item) { return item.only_for && !read[*item.only_for]; });
    kept.push_back(std::move(nodes_[i]));
  }
  nodes_ = std::move(kept);
}

}  // namespace nibble::lowering
