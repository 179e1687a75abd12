#include "sim/mapper/residency.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "sim/mapper/mapper.hpp"

namespace nibble {
namespace {

// A tensor is held if its share of a core takes no more than this part of the usable L1: a rule of each tensor alone, so
// that a larger L1 holds all that a smaller one does.
constexpr std::uint64_t kLargestPart = 12;
// Nor is a tensor smaller than this: it would save less time than the sharing by samples that it asks for costs.
constexpr std::uint64_t kLeastBytes = 64 * 1024;
// Tensors held at once: half of the L1 at most, the rest is for tiles.
constexpr std::size_t kMostHeld = 6;
// Operations that a tensor may wait for its reader.
constexpr std::size_t kWindow = 3;

// Weights that a GEMM reads again and again are held if a core's share takes no more than so many percent of the usable L1:
// a product of few rows needs little room. No tensors are held beside those that take more than the second figure.
constexpr std::uint64_t kLargestWeightsPercent = 62, kSmallWeightsPercent = 25;

/// A tensor's read: which operation, which of its uses.
struct Read {
  std::size_t operation = 0, use = 0;
};

class Planner {
 public:
  Planner(const Step& step, const Accelerator& accelerator)
      : step_{step}, accelerator_{accelerator}, held_(step.operations.size()) {
    for (std::size_t i = 0; i < step.operations.size(); ++i) {
      const Operation& operation = step.operations[i];
      OperationResidency residency;
      residency.reads.assign(operation.reads.size(), false);
      residency.held.assign(operation.writes.size(), false);
      residency.unstored.assign(operation.writes.size(), false);
      plan_.operations.push_back(std::move(residency));
      for (std::size_t use = 0; use < operation.reads.size(); ++use) {
        reads_[operation.reads[use].tensor].push_back({i, use});
      }
    }
  }

  ResidencyPlan run() {
    hold_weights();
    hold_tensors();
    return std::move(plan_);
  }

 private:
  void hold_tensors() {
    // Samples must fall to the same cores in every operation; rows do where samples cannot. Cores that share rows all
    // need the same weights: without multicast they would read them more than once.
    by_rows_ = step_.batch % accelerator_.cores != 0;
    // Parts of several samples would move more halo of what is not held than they save.
    if (by_rows_ && (step_.batch > 1 || !accelerator_.ring.multicast)) return;
    for (std::size_t i = 0; i < step_.operations.size(); ++i) {
      for (std::size_t use = 0; use < step_.operations[i].writes.size(); ++use) consider(i, use);
    }
  }

  /// True if `next` is the same product of the same weights as `first`: an LSTM's next step. Not of a convolution: those that a
  /// strided one's dgrad consists of read different parts of its weights.
  [[nodiscard]] static bool repeats(const Operation& first, const Operation& next) {
    if (!next.gemm || next.pass != first.pass || next.gemm->geometry) return false;
    const GemmWork &a = *first.gemm, &b = *next.gemm;
    return a.m == b.m && a.n == b.n && a.k == b.k && a.count == b.count && first.reads[1].tensor == next.reads[1].tensor &&
           first.reads[1].bytes == next.reads[1].bytes;
  }

  /// Steps of a recurrence: the GEMMs from `first` on that multiply the same weights, with vector work alone between them.
  [[nodiscard]] std::vector<std::size_t> repetitions(std::size_t first) const {
    const Operation& operation = step_.operations[first];
    std::vector<std::size_t> same{first};
    for (std::size_t i = first + 1; i < step_.operations.size(); ++i) {
      const Operation& next = step_.operations[i];
      if (next.gemm && !repeats(operation, next)) break;
      if (std::any_of(next.writes.begin(), next.writes.end(),
                      [&](const TensorUse& write) { return write.tensor == operation.reads[1].tensor; })) {
        break;
      }
      if (next.gemm) same.push_back(i);
    }
    return same;
  }

  [[nodiscard]] bool takes_more_than(Bytes share, std::uint64_t percent) const {
    return share.value() * 100 > usable_l1(accelerator_).value() * percent;
  }

  void hold_weights() {
    for (std::size_t i = 0; i < step_.operations.size();) {
      const Operation& operation = step_.operations[i];
      if (!operation.gemm || !operation.gemm->b_is_weights || operation.gemm->count != 1) {
        ++i;
        continue;
      }
      const std::vector<std::size_t> same = repetitions(i);
      hold_weights(same);
      i = same.back() + 1;
    }
  }

  void hold_weights(const std::vector<std::size_t>& same) {
    const Operation& operation = step_.operations[same.front()];
    Bytes results;
    for (const TensorUse& write : operation.writes) results += write.bytes;
    // Results that would be held by samples instead must be worth less: each is stored and read.
    if (operation.reads[1].bytes <= results * 2) return;
    const Bytes share{ceil_div(operation.reads[1].bytes.value(), accelerator_.cores)};
    if (same.size() < 2 || operation.gemm->n < accelerator_.cores) return;
    if (takes_more_than(share, kLargestWeightsPercent)) return;
    for (std::size_t i = same.front(); i <= same.back(); ++i) {
      plan_.operations[i].occupied += share;
      if (takes_more_than(share, kSmallWeightsPercent)) held_[i] = kMostHeld;
    }
    for (const std::size_t i : same) {
      plan_.operations[i].by_columns = true;
      if (i == same.front()) continue;
      plan_.operations[i].reads[1] = true;
      plan_.saved += operation.reads[1].bytes;
    }
  }

  [[nodiscard]] bool can_hold(std::size_t i, std::size_t use) const {
    const Operation& operation = step_.operations[i];
    const TensorUse& write = operation.writes[use];
    const Tensor& tensor = step_.tensors[write.tensor];
    if (tensor.parameter || write.bytes != tensor.size) return false;  // weights; parts of a tensor
    if (operation.pass == Pass::wgrad || operation.pass == Pass::update) return false;
    if (plan_.operations[i].by_columns) return false;  // its work is shared as its weights lie
    if (by_rows_ && !shares_rows(step_, operation, accelerator_)) return false;
    const std::uint64_t share = ceil_div(tensor.size.value(), accelerator_.cores);
    return tensor.size.value() >= kLeastBytes && share * kLargestPart <= usable_l1(accelerator_).value();
  }

  /// wgrad would have to be shared by samples too, at the price of a partial-sum exchange: it reads from memory.
  [[nodiscard]] bool can_read(std::size_t writer, const Read& read, const Tensor& tensor) const {
    const Operation& operation = step_.operations[read.operation];
    if (read.operation <= writer || read.operation > writer + kWindow) return false;
    if (operation.pass == Pass::wgrad || operation.pass == Pass::update) return false;
    if (plan_.operations[read.operation].by_columns) return false;
    if (operation.reads[read.use].bytes != tensor.size) return false;
    if (operation.gemm && operation.gemm->b_is_weights && read.use == 1) return false;
    return !by_rows_ || fetches(writer, read).has_value();
  }

  /// What the cores must exchange for a read of a tensor that is held by rows; nothing if they cannot, or it is too much.
  [[nodiscard]] std::optional<std::vector<RowFetch>> fetches(std::size_t writer, const Read& read) const {
    const Operation& operation = step_.operations[read.operation];
    if (!shares_rows(step_, operation, accelerator_)) return std::nullopt;
    auto found = rows_to_fetch(step_, step_.operations[writer], operation, read.use, accelerator_);
    Bytes room;
    if (found) {
      for (const Bytes slot : fetch_slots(*found, accelerator_.cores)) room += slot;
    }
    if (room.value() * kLargestPart > usable_l1(accelerator_).value()) return std::nullopt;
    return found;
  }

  void consider(std::size_t i, std::size_t use) {
    if (!can_hold(i, use)) return;
    const TensorId id = step_.operations[i].writes[use].tensor;
    const Tensor& tensor = step_.tensors[id];
    std::vector<Read> near;
    std::size_t later = 0;
    for (const Read& read : reads_[id]) {
      if (read.operation <= i) continue;
      ++later;
      if (can_read(i, read, tensor)) near.push_back(read);
    }
    if (near.empty()) return;
    const std::size_t last = near.back().operation;
    for (std::size_t j = i; j <= last; ++j) {
      if (held_[j] >= kMostHeld) return;
    }
    hold(i, use, near, last, later == near.size());
  }

  void hold(std::size_t i, std::size_t use, const std::vector<Read>& near, std::size_t last, bool all_near) {
    const Tensor& tensor = step_.tensors[step_.operations[i].writes[use].tensor];
    const Bytes share{ceil_div(tensor.size.value(), accelerator_.cores)};
    for (std::size_t j = i; j <= last; ++j) {
      ++held_[j];
      plan_.operations[j].occupied += share;
    }
    plan_.operations[i].held[use] = true;
    plan_.operations[i].by_sample = true;
    if (all_near) {
      plan_.operations[i].unstored[use] = true;
      plan_.saved += tensor.size;
    }
    for (const Read& read : near) {
      plan_.operations[read.operation].reads[read.use] = true;
      plan_.operations[read.operation].by_sample = true;
      if (by_rows_ && read.use == 0) plan_.operations[read.operation].fetches = *fetches(i, read);
      plan_.saved += tensor.size;
    }
  }

  const Step& step_;
  const Accelerator& accelerator_;
  ResidencyPlan plan_;
  bool by_rows_ = false;       ///< tensors are held by rows, not by samples
  std::vector<std::size_t> held_;  ///< by operation: tensors in L1 while it runs
  std::map<TensorId, std::vector<Read>> reads_;
};

}  // namespace

ResidencyPlan plan_residency(const Step& step, const Accelerator& accelerator, bool enabled) {
  if (enabled) return Planner{step, accelerator}.run();
  ResidencyPlan plan;
  plan.operations.resize(step.operations.size());
  return plan;
}

}  // namespace nibble
