#include "workloads/lowering/emission.hpp"

#include <optional>
#include <set>

#include "models/base/check.hpp"
#include "models/formats/format.hpp"

namespace nibble::lowering {
namespace {

class Emitter {
 public:
  Emitter(const Graph& graph, const std::vector<Kernel>& kernels, const Network& network, Step& step)
      : graph_{graph},
        kernels_{kernels},
        network_{network},
        step_{step},
        kernel_of_(graph.nodes().size()),
        tensor_of_(graph.values().size()) {
    for (std::size_t k = 0; k < kernels.size(); ++k) {
      for (const NodeId id : kernels[k].nodes) kernel_of_[id] = k;
    }
    find_stored();
  }

  void run() {
    for (std::size_t k = 0; k < kernels_.size(); ++k) emit_kernel(k);
  }

 private:
  /// Values that somebody outside of their kernel reads, or that the step leaves behind.
  void find_stored() {
    stored_.assign(graph_.values().size(), false);
    for (ValueId id = 0; id < graph_.values().size(); ++id) {
      if (graph_.value(id).kept || graph_.value(graph_.root(id)).parameter) stored_[id] = true;
    }
    for (NodeId id = 0; id < graph_.nodes().size(); ++id) {
      for (const Use& input : graph_.nodes()[id].inputs) {
        for (const NodeId writer : graph_.writers(input.value)) {
          if (writer >= id || kernel_of_[writer] == kernel_of_[id]) continue;
          for (const Use& made : graph_.nodes()[writer].outputs) {
            if (graph_.root(made.value) == graph_.root(input.value)) stored_[made.value] = true;
          }
        }
      }
    }
  }

  void emit_kernel(std::size_t k) {
    const Node& head = graph_.nodes()[kernels_[k].nodes.front()];
    if (head.kind != NodeKind::gemm) return emit_operation(k, nullptr, 0, 1, 1);
    for (const GemmPart& part : head.parts) emit_operation(k, &part, part.c_begin, part.c_end, part.c_total);
  }

  /// One operation: the whole kernel, or the part of it that one phase of a strided dgrad makes.
  void emit_operation(std::size_t k, const GemmPart* part, std::uint64_t begin, std::uint64_t end,
                      std::uint64_t total) {
    const Kernel& kernel = kernels_[k];
    const Node& head = graph_.nodes()[kernel.nodes.front()];
    Operation operation;
    operation.layer = network_.layers[head.layer].name;
    operation.pass = head.pass;
    const auto share = [&](std::uint64_t amount) { return amount * end / total - amount * begin / total; };
    if (part != nullptr && part->gemm) {
      operation.gemm = part->gemm;
      add_use(operation.reads, head.inputs[0].value, part->a.value());
      add_use(operation.reads, head.inputs[1].value, part->b.value());
      operation.gemm->a = operation.reads[0].tensor;
      operation.gemm->b = operation.reads[1].tensor;
    } else if (part != nullptr) {  // input pixels that no output saw: their gradient is zero
      const Elements zeros{share(head.domain.value())};
      operation.vector.push_back(
          {to_string(VectorKind::zero_fill), zeros, lane_ops_per_element(VectorKind::zero_fill)});
    }
    // Sums over all phases of a strided dgrad leave with the last of them, unless phases leave nothing else.
    const bool with_sums = part == nullptr || part == &head.parts.back() || !stores_stream(kernel);
    std::set<ValueId> streamed;  // one stream of a value serves all nodes of the kernel
    for (const NodeId id : kernel.nodes) {
      const Node& node = graph_.nodes()[id];
      for (const WorkItem& item : node.work) {
        const Elements elements{share(item.elements.value())};
        operation.vector.push_back({.what = to_string(item.kind),
                                    .elements = elements,
                                    .lane_ops_per_element =
                                        lane_ops_per_element(item.kind) * static_cast<double>(item.repeat),
                                    .summed = elements * row_sums(item.kind)});
      }
      if (node.kind != NodeKind::gemm) add_reads(operation, node, k, streamed, share);
      for (const Use& made : node.outputs) {
        if (!stored_[made.value]) continue;
        const bool all_at_once = is_small(made, head);
        const std::uint64_t elements = !all_at_once ? share(made.elements.value())
                                       : with_sums  ? made.elements.value()
                                                    : 0;
        add_use(operation.writes, made.value, elements, made.summed);
        if (operation.gemm && node.kind == NodeKind::gemm) operation.gemm->c = tensor_for(made.value);
      }
    }
    if (operation.gemm || !operation.vector.empty()) step_.operations.push_back(std::move(operation));
  }

  [[nodiscard]] static bool is_small(const Use& made, const Node& head) {
    return made.at_end || made.elements < head.domain;
  }

  /// Whether the kernel stores anything besides sums.
  [[nodiscard]] bool stores_stream(const Kernel& kernel) const {
    const Node& head = graph_.nodes()[kernel.nodes.front()];
    for (const NodeId id : kernel.nodes) {
      for (const Use& made : graph_.nodes()[id].outputs) {
        if (stored_[made.value] && !is_small(made, head)) return true;
      }
    }
    return false;
  }

  template <class Share>
  void add_reads(Operation& operation, const Node& node, std::size_t k, std::set<ValueId>& streamed,
                 const Share& share) {
    for (const Use& input : node.inputs) {
      const std::optional<NodeId> producer = graph_.producer(input.value);
      if (producer && kernel_of_[*producer] == k) continue;
      if (!streamed.insert(input.value).second) continue;
      const bool small = input.elements < node.domain;
      add_use(operation.reads, input.value, small ? input.elements.value() : share(input.elements.value()));
    }
  }

  void add_use(std::vector<TensorUse>& uses, ValueId id, std::uint64_t elements, bool summed = false) {
    if (elements == 0) return;
    const Bytes bytes = format_storage(graph_.value(id).format).size(Elements{elements});
    uses.push_back({.tensor = tensor_for(id), .bytes = bytes, .summed = summed});
  }

  TensorId tensor_for(ValueId id) {
    const ValueId root = graph_.root(id);
    if (!tensor_of_[root]) {
      const Value& value = graph_.value(root);
      tensor_of_[root] = static_cast<TensorId>(step_.tensors.size());
      Tensor tensor;
      tensor.name = value.name;
      tensor.format = value.format;
      tensor.elements = value.elements;
      tensor.zeros = value.zeros;
      tensor.parameter = value.parameter;
      tensor.input = value.input;
      tensor.size = format_storage(value.format).size(value.elements);
      step_.tensors.push_back(std::move(tensor));
    }
    return *tensor_of_[root];
  }

  const Graph& graph_;
  const std::vector<Kernel>& kernels_;
  const Network& network_;
  Step& step_;
  std::vector<std::size_t> kernel_of_;
  std::vector<bool> stored_;
  std::vector<std::optional<TensorId>> tensor_of_;
};

}  // namespace

void emit(const Graph& graph, const std::vector<Kernel>& kernels, const Network& network, Step& step) {
  Emitter{graph, kernels, network, step}.run();
}

}  // namespace nibble::lowering
