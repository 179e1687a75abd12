#include "sim/mapper/held_tensors.hpp"

#include <algorithm>
#include <utility>

#include "sim/mapper/conv_tiles.hpp"
#include "sim/mapper/gemm_space.hpp"

namespace nibble {
namespace {

// ESTIMATE: a smaller tensor saves less than the sharing by samples that it asks for costs in waits that the mapper's
// estimate does not see (one more core to feed, latencies): about 500 cycles of a 200 GB/s memory.
constexpr Bytes kLeast{64 * 1024};

/// Whether the cores can share the operation so that each has its own samples.
bool shares_samples(const Step& step, const Operation& operation, std::uint64_t cores) {
  if (operation.pass == Pass::update) return false;
  if (!operation.gemm) return true;
  if (samples_are_counted(step, *operation.gemm)) return step.batch % cores == 0;  // else heads of one sample part
  return pixel_axis(step, *operation.gemm).samples() == step.batch;
}

/// Whether a GEMM's results lie by samples (or rows): those of wgrad have no such axis.
bool makes_samples(const Operation& operation) {
  return !operation.gemm || !operation.gemm->reduces_over_batch;
}

/// Whether a core reads of this operand what belongs to its samples: all but weights.
bool reads_samples(const Operation& operation, std::size_t use) {
  return !operation.gemm || use != 1 || !operation.gemm->b_is_weights;
}

class Finder {
 public:
  Finder(const Step& step, const Accelerator& accelerator)
      : step_{step}, accelerator_{accelerator}, by_rows_{lies_by_rows(step, accelerator)}, tensors_(step.tensors.size()) {
    for (std::size_t i = 0; i < step.operations.size(); ++i) note(i);
  }

  [[nodiscard]] std::vector<Holdable> find() const {
    std::vector<Holdable> found;
    if (by_rows_ && !accelerator_.ring.multicast) return found;
    for (std::size_t i = 0; i < step_.operations.size(); ++i) {
      for (std::size_t use = 0; use < step_.operations[i].writes.size(); ++use) {
        if (!can_hold(i, use)) continue;
        Holdable holdable = holdable_of(i, use);
        if (!holdable.reads.empty()) found.push_back(std::move(holdable));
      }
    }
    return found;
  }

 private:
  struct Uses {
    std::size_t writes = 0;
    bool of_weights = false;  ///< a gradient of weights, or what an update makes
    std::vector<std::pair<std::size_t, std::size_t>> reads;  ///< operation, use
  };

  void note(std::size_t i) {
    const Operation& operation = step_.operations[i];
    const bool updates = operation.pass == Pass::update;
    for (std::size_t use = 0; use < operation.reads.size(); ++use) {
      Uses& uses = tensors_[operation.reads[use].tensor];
      uses.reads.emplace_back(i, use);
      uses.of_weights = uses.of_weights || updates;
    }
    for (const TensorUse& write : operation.writes) {
      Uses& uses = tensors_[write.tensor];
      ++uses.writes;
      uses.of_weights = uses.of_weights || updates || !makes_samples(operation);
    }
  }

  [[nodiscard]] bool can_share(const Operation& operation) const {
    return by_rows_ ? shares_rows(step_, operation, accelerator_)
                    : shares_samples(step_, operation, accelerator_.cores);
  }

  [[nodiscard]] bool can_hold(std::size_t i, std::size_t use) const {
    const Operation& operation = step_.operations[i];
    const TensorUse& write = operation.writes[use];
    const Tensor& tensor = step_.tensors[write.tensor];
    const Uses& uses = tensors_[write.tensor];
    if (tensor.parameter || write.summed || uses.of_weights || tensor.size < kLeast) return false;
    if (uses.writes != 1 || write.bytes != tensor.size) return false;  // written in parts
    return tensor.elements.value() % step_.batch == 0 && can_share(operation);
  }

  [[nodiscard]] Holdable holdable_of(std::size_t i, std::size_t use) const {
    const Operation& operation = step_.operations[i];
    Holdable holdable;
    holdable.tensor = operation.writes[use].tensor;
    holdable.writer = i;
    holdable.use = use;
    const Bytes size = step_.tensors[holdable.tensor].size;
    const PixelAxis axis = by_rows_ ? pixel_axis(step_, *operation.gemm) : PixelAxis{step_.batch, 1};
    holdable.share = Bytes{scale_up(size.value(), axis.split(accelerator_.cores, 0).size(), axis.all_rows())};
    for (const auto& [reader, read] : tensors_[holdable.tensor].reads) {
      if (reader <= i) continue;
      ++holdable.all_reads;
      const Operation& operation_that_reads = step_.operations[reader];
      if (!can_share(operation_that_reads) || !reads_samples(operation_that_reads, read)) continue;
      if (!by_rows_) {
        holdable.reads.push_back({reader, read, {}});
      } else if (auto fetches = rows_to_fetch(step_, operation, operation_that_reads, read, accelerator_)) {
        holdable.reads.push_back({reader, read, std::move(*fetches)});
      }
    }
    return holdable;
  }

  const Step& step_;
  const Accelerator& accelerator_;
  bool by_rows_;
  std::vector<Uses> tensors_;
};

}  // namespace

bool lies_by_rows(const Step& step, const Accelerator& accelerator) { return step.batch < accelerator.cores; }

std::vector<Holdable> holdable_tensors(const Step& step, const Accelerator& accelerator) {
  return Finder{step, accelerator}.find();
}

}  // namespace nibble
