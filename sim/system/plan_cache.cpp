#include "sim/system/plan_cache.hpp"

#include <fmt/format.h>

#include <utility>

#include "models/base/hash.hpp"
#include "sim/mapper/operation_key.hpp"

namespace nibble {

const ResidencyPlan& PlanCache::plan(const std::string& timing, const Step& step, const Accelerator& accelerator,
                                     bool enabled) {
  const std::string key = content_hash(fmt::format("{}/{}/{}", timing, enabled, step_key(step)));
  if (const auto found = plans_.find(key); found != plans_.end()) return found->second;
  fresh_.emplace_back(key, plan_residency(step, accelerator, enabled));
  add(fresh_.back());
  return plans_.at(key);
}

void PlanCache::add(Entry entry) {
  if (plans_.size() >= capacity_) plans_.clear();
  plans_.insert_or_assign(std::move(entry.first), std::move(entry.second));
}

}  // namespace nibble
