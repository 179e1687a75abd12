#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/mapper/residency.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// Residency plans by content hash of (machine's timing, step): runs on machines of equal timing share them, whatever their
/// voltage, technology or grid. Holds at most `capacity` plans, and starts anew when it is full: a sweep's neighbours share.
class PlanCache {
 public:
  using Entry = std::pair<std::string, ResidencyPlan>;

  explicit PlanCache(std::size_t capacity = 64) : capacity_{capacity} {}

  /// The plan of plan_residency(), made if it is not known. `timing` names all of the machine that mapping depends on.
  [[nodiscard]] const ResidencyPlan& plan(const std::string& timing, const Step& step, const Accelerator& accelerator,
                                          bool enabled);
  /// Takes in what another process has planned.
  void add(Entry entry);
  /// What was planned since the last call, to be handed on.
  [[nodiscard]] std::vector<Entry> take_fresh() { return std::exchange(fresh_, {}); }
  [[nodiscard]] std::size_t size() const { return plans_.size(); }

 private:
  std::size_t capacity_;
  std::map<std::string, ResidencyPlan> plans_;
  std::vector<Entry> fresh_;
};

}  // namespace nibble
