#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/chip/kernel_result.hpp"
#include "sim/system/plan_cache.hpp"

namespace nibble {

/// What simulating an operation gave, kept for its equals.
struct KnownKernel {
  KernelResult kernel;
  std::string mac_mode, mapping;
};

/// Kernels by content hash of (machine's timing, operation): what runs on machines of equal timing share, whatever
/// their voltage, technology or grid. Holds at most `capacity` kernels: when it is full, those that were not asked for
/// in its last half are let go.
class KernelCache {
 public:
  using Entry = std::pair<std::string, KnownKernel>;

  explicit KernelCache(std::size_t capacity = 40'000) : half_{capacity / 2} {}

  [[nodiscard]] const KnownKernel* find(const std::string& timing, const std::string& operation);
  void keep(const std::string& timing, const std::string& operation, const KnownKernel& kernel);

  /// Takes in what another process has simulated.
  void add(Entry entry);
  /// What was kept since the last call, to be handed on.
  [[nodiscard]] std::vector<Entry> take_fresh() { return std::exchange(fresh_, {}); }
  /// What the steps behind the kernels hold in L1.
  [[nodiscard]] PlanCache& plans() { return plans_; }
  [[nodiscard]] std::size_t size() const { return recent_.size() + older_.size(); }

 private:
  using Kernels = std::unordered_map<std::string, KnownKernel>;

  std::size_t half_;
  Kernels recent_, older_;
  std::vector<Entry> fresh_;
  PlanCache plans_;
};

}  // namespace nibble
