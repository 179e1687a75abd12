#include "sim/mapper/residency.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "sim/mapper/held_tensors.hpp"
#include "sim/mapper/held_weights.hpp"
#include "sim/mapper/mapper.hpp"
#include "sim/mapper/operation_estimate.hpp"

namespace nibble {
namespace {

// Operations that a tensor may wait for a reader. What waits longer holds up more operations than it serves; and each of
// them is estimated anew.
constexpr std::size_t kWindow = 12;
// Tensors that were refused may be worth it once others are held: a chain shares its samples as a whole.
constexpr int kRounds = 2;
// Plans of smaller scratchpads that a plan is held against: so many from one power of two to the next.
constexpr std::uint64_t kScratchpadSteps = 2;
// Estimates are sums in floating point: no difference below this is one.
constexpr double kRounding = 1e-9;

/// Holding a tensor until one of its readers.
struct Proposal {
  const Holdable* tensor = nullptr;
  std::size_t until = 0;  ///< operation
  [[nodiscard]] std::size_t from() const { return tensor->writer; }
};

/// Proposals by how long they wait, the smaller first of those that wait equally long: these hold up least.
std::vector<Proposal> proposals(const std::vector<Holdable>& tensors) {
  std::vector<Proposal> all;
  for (const Holdable& tensor : tensors) {
    for (const HeldRead& read : tensor.reads) {
      if (read.operation > tensor.writer + kWindow) break;
      if (all.empty() || all.back().tensor != &tensor || all.back().until != read.operation) {
        all.push_back({&tensor, read.operation});
      }
    }
  }
  const auto rank = [](const Proposal& p) {
    return std::tuple{p.until - p.tensor->writer, p.tensor->share, p.tensor->writer, p.tensor->use};
  };
  std::sort(all.begin(), all.end(), [&](const Proposal& a, const Proposal& b) { return rank(a) < rank(b); });
  return all;
}

ResidencyPlan nothing_held(const Step& step) {
  ResidencyPlan plan;
  for (const Operation& operation : step.operations) {
    OperationResidency residency;
    residency.reads.assign(operation.reads.size(), false);
    residency.held.assign(operation.writes.size(), false);
    residency.unstored.assign(operation.writes.size(), false);
    plan.operations.push_back(std::move(residency));
  }
  return plan;
}

/// The weights that `accelerator` would hold stay; everything else goes through memory.
ResidencyPlan weights_held(const Step& step, const Accelerator& accelerator) {
  ResidencyPlan plan = nothing_held(step);
  for (const HeldWeights& weights : weights_to_hold(step, accelerator)) {
    for (std::size_t i = weights.products.front(); i <= weights.products.back(); ++i) {
      plan.operations[i].occupied += weights.share;
    }
    for (const std::size_t i : weights.products) {
      plan.operations[i].by_columns = true;
      plan.operations[i].reads[1] = i != weights.products.front();
    }
  }
  return plan;
}

Accelerator with_capacity(Accelerator machine, Bytes capacity) {
  machine.core.l1.capacity = capacity;
  return machine;
}

/// Holds what it can beside the weights, proposal by proposal.
class Planner {
 public:
  /// For a machine with a scratchpad of `capacity`. `proposals`: in the order in which they are considered; of tensors that
  /// outlive the planner, as `estimates` must.
  Planner(const Step& step, const Accelerator& accelerator, Bytes capacity, std::vector<Proposal> proposals,
          OperationEstimates& estimates)
      : estimates_{estimates},
        scratchpad_{estimates.add_scratchpad(capacity)},
        usable_{estimates.usable(scratchpad_)},
        plan_{weights_held(step, with_capacity(accelerator, capacity))},
        left_{std::move(proposals)} {
    for (int round = 0; round < kRounds && !left_.empty(); ++round) {
      std::erase_if(left_, [&](const Proposal& proposal) { return settle(proposal); });
    }
  }

  [[nodiscard]] const ResidencyPlan& plan() const { return plan_; }
  [[nodiscard]] bool holds_something() const {
    return !held_until_.empty() ||
           std::any_of(plan_.operations.begin(), plan_.operations.end(), [](const auto& o) { return o.by_columns; });
  }
  [[nodiscard]] bool holds_everything() const { return left_.empty(); }

  /// What memory moves in a whole step under a plan; nothing if an operation does not fit.
  [[nodiscard]] std::optional<double> bytes_of(const ResidencyPlan& plan) const {
    double bytes = 0;
    for (std::size_t i = 0; i < plan.operations.size(); ++i) {
      const std::optional<OperationEstimate>& estimate = estimates_.of(i, plan.operations[i], scratchpad_);
      if (!estimate) return std::nullopt;
      bytes += estimate->bytes;
    }
    return bytes;
  }

  /// How the mapper maps the GEMMs of a plan.
  [[nodiscard]] std::vector<std::optional<GemmTiling>> tilings_of(const ResidencyPlan& plan) const {
    std::vector<std::optional<GemmTiling>> tilings;
    for (std::size_t i = 0; i < plan.operations.size(); ++i) {
      const std::optional<OperationEstimate>& estimate = estimates_.of(i, plan.operations[i], scratchpad_);
      tilings.push_back(estimate ? estimate->tiling : std::nullopt);
    }
    return tilings;
  }

 private:
  struct Cost {
    double cycles = 0, bytes = 0;
  };
  /// What the operations from a tensor's writer to its reader are expected to take together; nothing if one does not fit, or if
  /// they take more than `most` or as many bytes: those that remain are not estimated then.
  std::optional<Cost> cost(const Proposal& proposal, const Cost& most) {
    Cost sum;
    for (std::size_t i = proposal.from(); i <= proposal.until; ++i) {
      const std::optional<OperationEstimate>& estimate = estimates_.of(i, plan_.operations[i], scratchpad_);
      if (!estimate) return std::nullopt;
      sum.cycles += estimate->cycles;
      sum.bytes += estimate->bytes;
      if (sum.cycles > most.cycles || sum.bytes >= most.bytes) return std::nullopt;
    }
    return sum;
  }

  /// True if the proposal is taken, or was a part of one that is.
  bool settle(const Proposal& proposal) {
    if (shares_columns(proposal.from()) || shares_columns(proposal.until)) return false;
    const auto known = held_until_.find(proposal.tensor);
    const std::size_t until = known == held_until_.end() ? 0 : known->second;
    if (until >= proposal.until) return true;
    const std::size_t not_yet = until == 0 ? proposal.from() : until + 1;
    for (std::size_t i = not_yet; i <= proposal.until; ++i) {
      if (plan_.operations[i].occupied + proposal.tensor->share >= usable_) return false;
    }
    constexpr double kAnything = std::numeric_limits<double>::infinity();
    const std::optional<Cost> before = cost(proposal, {kAnything, kAnything});
    if (!before) return false;
    const auto first = plan_.operations.begin() + static_cast<std::ptrdiff_t>(proposal.from());
    const auto end = plan_.operations.begin() + static_cast<std::ptrdiff_t>(proposal.until + 1);
    const std::vector<OperationResidency> kept(first, end);
    hold(proposal, not_yet);
    // Memory must move less and no time be lost: neither to re-reads by smaller tiles, nor to cores that share the work
    // unevenly, nor to partial sums that they would have to exchange.
    if (cost(proposal, {before->cycles * (1 + kRounding), before->bytes})) {
      held_until_[proposal.tensor] = proposal.until;
      return true;
    }
    std::copy(kept.begin(), kept.end(), first);
    return false;
  }

  /// True if the operation's work is shared as its weights lie, not its samples.
  [[nodiscard]] bool shares_columns(std::size_t operation) const { return plan_.operations[operation].by_columns; }

  /// `not_yet`: the first operation for which the tensor is not held already.
  void hold(const Proposal& proposal, std::size_t not_yet) {
    const Holdable& tensor = *proposal.tensor;
    OperationResidency& writer = plan_.operations[tensor.writer];
    for (std::size_t i = not_yet; i <= proposal.until; ++i) {
      plan_.operations[i].occupied += tensor.share;
    }
    writer.held[tensor.use] = true;
    writer.by_sample = true;
    std::size_t served = 0;
    for (const HeldRead& read : tensor.reads) {
      if (read.operation > proposal.until) break;
      if (shares_columns(read.operation)) continue;
      ++served;
      OperationResidency& reader = plan_.operations[read.operation];
      if (reader.read_resident(read.use)) continue;
      reader.reads[read.use] = true;
      reader.by_sample = true;
      reader.fetches.insert(reader.fetches.end(), read.fetches.begin(), read.fetches.end());
    }
    writer.unstored[tensor.use] = served == tensor.all_reads;
  }

  OperationEstimates& estimates_;
  const std::size_t scratchpad_;
  const Bytes usable_;
  ResidencyPlan plan_;
  std::vector<Proposal> left_;  ///< refused so far
  std::map<const Holdable*, std::size_t> held_until_;  ///< operation
};

Bytes saved_by(const ResidencyPlan& plan, const Step& step) {
  Bytes saved;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    const Operation& operation = step.operations[i];
    const OperationResidency& residency = plan.operations[i];
    for (std::size_t use = 0; use < operation.reads.size(); ++use) {
      if (residency.read_resident(use)) saved += operation.reads[use].bytes;
    }
    for (std::size_t use = 0; use < operation.writes.size(); ++use) {
      if (!residency.stored(use)) saved += operation.writes[use].bytes;
    }
  }
  return saved;
}

/// The plan of this scratchpad or of a smaller one, whichever moves least: a plan is made step by step, and more room for
/// one tensor may be taken from two later ones.
ResidencyPlan best_plan(const Step& step, const Accelerator& accelerator) {
  const std::vector<Holdable> tensors = holdable_tensors(step, accelerator);
  const std::vector<Proposal> all = proposals(tensors);
  OperationEstimates estimates{step, accelerator};
  const Planner own{step, accelerator, accelerator.core.l1.capacity, all, estimates};
  ResidencyPlan best = own.plan();
  std::optional<double> least;
  for (const Bytes capacity : own.holds_everything() ? std::vector<Bytes>{} : smaller_scratchpads(accelerator, kScratchpadSteps)) {
    const Planner smaller{step, accelerator, capacity, all, estimates};
    if (!smaller.holds_something()) continue;
    if (!least) least = own.bytes_of(best);
    const std::optional<double> bytes = own.bytes_of(smaller.plan());
    if (bytes && least && *bytes > *least * kFarBehind) break;
    if (!bytes || (least && *bytes >= *least)) continue;
    best = smaller.plan();
    least = bytes;
  }
  best.tilings = own.tilings_of(best);
  return best;
}

}  // namespace

ResidencyPlan plan_residency(const Step& step, const Accelerator& accelerator, bool enabled) {
  ResidencyPlan plan = enabled ? best_plan(step, accelerator) : nothing_held(step);
  plan.saved = saved_by(plan, step);
  return plan;
}

}  // namespace nibble
