#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/timing/vector_cost.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble::lowering {

using ValueId = std::uint32_t;
using NodeId = std::uint32_t;

/// What a node makes and others read. It becomes a tensor only if it outlives the kernel that makes it.
struct Value {
  std::string name;
  std::string format;
  Elements elements;
  double zeros = 0.0;
  std::optional<double> gradient_zeros;  ///< measured share of zeros of this value's gradient
  bool parameter = false;                ///< alive across steps
  bool input = false;                    ///< from outside the step
  bool kept = false;                     ///< a result of the step: stored although nothing in it reads it
  bool needs_gradient = false;
  std::optional<ValueId> part_of;  ///< lies inside that value's memory: a slice, a piece of a concatenation,
                                   ///< or its new content after an update in place
};

/// A value as one node uses it.
struct Use {
  ValueId value = 0;
  Elements elements;    ///< that pass: fewer than the value has when a strided window skips some
  bool at_end = false;  ///< outputs: complete only when the whole kernel has run (sums, maxima)
  bool summed = false;  ///< outputs: each core has partial sums of all samples that it worked on
};

/// What a node may share a kernel with.
enum class NodeKind : std::uint8_t {
  gemm,       ///< starts a kernel; others join behind it
  pointwise,  ///< element by element: joins what makes its inputs
  reduction,  ///< reads element by element; its outputs are `at_end`
  row_wise,   ///< needs whole rows (softmax, layer norm): joins vector kernels, not a GEMM's tiles
  reshaping,  ///< reads in another order than it writes (pools, gathers): starts a kernel; others join
};

/// Vector work of a node: `repeat` counts window taps, operands of an n-ary sum and the like.
struct WorkItem {
  VectorKind kind = VectorKind::copy;
  Elements elements;
  std::uint64_t repeat = 1;
  std::optional<ValueId> only_for = {};  ///< not done if nothing reads that result
};

/// One GEMM of a node; a strided dgrad has one for each phase. `gemm` absent: a phase that no tap reaches.
struct GemmPart {
  std::optional<GemmWork> gemm;
  Elements a, b;                         ///< operand elements that it reads
  std::uint64_t c_begin = 0, c_end = 1;  ///< its pixels of C, counted over all parts
  std::uint64_t c_total = 1;
};

/// A primitive operation: the smallest unit that fusion moves.
struct Node {
  LayerIndex layer = 0;
  Pass pass = Pass::fwd;
  NodeKind kind = NodeKind::pointwise;
  Elements domain;                   ///< elements that it streams over
  std::vector<Use> inputs, outputs;  ///< a GEMM's: A, B; C
  std::vector<WorkItem> work;
  std::vector<GemmPart> parts;  ///< NodeKind::gemm only
};

/// Values and the nodes that make them, in an order in which they can run.
class Graph {
 public:
  ValueId add_value(Value value);
  NodeId add_node(Node node);

  [[nodiscard]] const Value& value(ValueId id) const { return values_[id]; }
  [[nodiscard]] Value& value(ValueId id) { return values_[id]; }
  [[nodiscard]] const std::vector<Value>& values() const { return values_; }
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }

  /// Puts `part` inside `whole`; neither moves any data.
  void place(ValueId part, ValueId whole);

  [[nodiscard]] ValueId root(ValueId id) const;  ///< the value whose memory it lies in
  [[nodiscard]] std::optional<NodeId> producer(ValueId id) const { return producers_[id]; }
  /// Every node whose output a reader of the value depends on: its producer, or those of what it is a part or
  /// a whole of. Updates in place come after their readers: a reader leaves out the writers that follow it.
  [[nodiscard]] std::vector<NodeId> writers(ValueId id) const;

  /// Removes nodes whose outputs nothing reads and nobody keeps.
  void remove_dead_nodes();

 private:
  void writers_of_parts(ValueId whole, std::vector<NodeId>& found) const;

  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::vector<std::optional<NodeId>> producers_;
  std::vector<std::vector<ValueId>> parts_;
};

}  // namespace nibble::lowering
