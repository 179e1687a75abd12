#include "sim/system/kernel_cache.hpp"

#include "models/base/hash.hpp"

namespace nibble {
namespace {

std::string name_of(const std::string& timing, const std::string& operation) {
  return content_hash(timing + "/" + operation);
}

}  // namespace

const KnownKernel* KernelCache::find(const std::string& timing, const std::string& operation) {
  const std::string name = name_of(timing, operation);
  if (const auto found = recent_.find(name); found != recent_.end()) return &found->second;
  const auto old = older_.find(name);
  if (old == older_.end()) return nullptr;
  return &recent_.insert(older_.extract(old)).position->second;
}

void KernelCache::keep(const std::string& timing, const std::string& operation, const KnownKernel& kernel) {
  fresh_.emplace_back(name_of(timing, operation), kernel);
  add(fresh_.back());
}

void KernelCache::add(Entry entry) {
  if (recent_.size() >= half_) {
    older_ = std::exchange(recent_, {});
  }
  recent_.insert_or_assign(std::move(entry.first), std::move(entry.second));
}

}  // namespace nibble
