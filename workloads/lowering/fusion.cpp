#include "workloads/lowering/fusion.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "models/formats/format.hpp"

namespace nibble::lowering {
namespace {

class Fuser {
 public:
  Fuser(const Graph& graph, const LoweringOptions& options)
      : graph_{graph}, options_{options}, kernel_of_(graph.nodes().size()) {}

  std::vector<Kernel> run() {
    for (NodeId id = 0; id < graph_.nodes().size(); ++id) {
      const std::optional<std::size_t> home = options_.fuse ? find_home(id) : std::nullopt;
      if (home) {
        kernels_[*home].nodes.push_back(id);
        kernel_of_[id] = *home;
      } else {
        kernel_of_[id] = kernels_.size();
        kernels_.push_back({{id}});
      }
    }
    return std::move(kernels_);
  }

 private:
  [[nodiscard]] const Node& node(NodeId id) const { return graph_.nodes()[id]; }
  [[nodiscard]] const Node& head(std::size_t kernel) const { return node(kernels_[kernel].nodes.front()); }

  /// The kernel that `id` may join: only the latest of those that make its inputs can have all else ready.
  std::optional<std::size_t> find_home(NodeId id) const {
    const Node& joining = node(id);
    if (joining.kind == NodeKind::gemm || joining.kind == NodeKind::reshaping) return {};
    std::optional<std::size_t> latest;
    for (const Use& input : joining.inputs) {
      for (const NodeId writer : graph_.writers(input.value)) {
        if (writer >= id) continue;  // an update in place, later in the step
        if (!latest || kernel_of_[writer] > *latest) latest = kernel_of_[writer];
      }
    }
    if (!latest || !fits(joining, *latest)) return {};
    for (const Use& input : joining.inputs) {
      if (!streams_through(input, id, *latest)) return {};
    }
    return latest;
  }

  [[nodiscard]] bool fits(const Node& joining, std::size_t kernel) const {
    const Node& first = head(kernel);
    if (first.domain != joining.domain) return false;
    for (const Pass apart : {Pass::update, Pass::recompute}) {
      if ((first.pass == apart) != (joining.pass == apart)) return false;
    }
    if (first.kind != NodeKind::gemm) return true;
    if (joining.kind == NodeKind::row_wise || first.pass == Pass::wgrad) return false;
    return extra_bits(joining, kernel) <= options_.epilogue_streams * bits_of(first.outputs.front());
  }

  /// An input that the kernel itself makes must pass element by element, whole and in the same order.
  [[nodiscard]] bool streams_through(const Use& input, NodeId reader, std::size_t kernel) const {
    for (const NodeId writer : graph_.writers(input.value)) {
      if (writer >= reader || kernel_of_[writer] != kernel) continue;
      for (const Use& made : node(writer).outputs) {
        if (made.value == input.value) return !made.at_end;
      }
      return false;  // a part of a value, or a whole made of parts
    }
    return true;
  }

  [[nodiscard]] std::uint64_t bits_of(const Use& use) const {
    return use.elements.value() * static_cast<std::uint64_t>(format_storage(graph_.value(use.value).format).bits);
  }

  /// Bits that a GEMM's vector work reads from elsewhere, `joining` included, sums and parameters aside: a mask of one bit
  /// an element takes a sixteenth of the buffer that a 16-bit tensor takes.
  [[nodiscard]] std::uint64_t extra_bits(const Node& joining, std::size_t kernel) const {
    std::map<ValueId, std::uint64_t> streams;
    const auto collect = [&](const Node& n) {
      for (const Use& input : n.inputs) {
        const bool inside =
            graph_.producer(input.value) && kernel_of_[*graph_.producer(input.value)] == kernel;
        if (!inside && input.elements >= joining.domain) streams[input.value] = bits_of(input);
      }
    };
    for (const NodeId id : kernels_[kernel].nodes) {
      if (node(id).kind != NodeKind::gemm) collect(node(id));
    }
    collect(joining);
    return std::accumulate(streams.begin(), streams.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const auto& stream) { return sum + stream.second; });
  }

  const Graph& graph_;
  const LoweringOptions& options_;
  std::vector<std::size_t> kernel_of_;
  std::vector<Kernel> kernels_;
};

}  // namespace

std::vector<Kernel> fuse(const Graph& graph, const LoweringOptions& options) {
  return Fuser{graph, options}.run();
}

}  // namespace nibble::lowering
