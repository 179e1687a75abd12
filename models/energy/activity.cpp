#include "models/energy/activity.hpp"

#include <iterator>

namespace nibble {
namespace {

using CountsByMode = std::map<std::string, std::uint64_t>;

// Every count, in one list, so that no sum forgets one.
constexpr CountsByMode Activity::*kByMode[] = {&Activity::macs, &Activity::gated_macs};
constexpr Bytes Activity::*kBytes[] = {
    &Activity::register_read, &Activity::register_written, &Activity::l0_read,
    &Activity::l0_written,    &Activity::l1_read,          &Activity::l1_written,
    &Activity::memory_read,   &Activity::memory_written,   &Activity::link_bytes};
constexpr std::uint64_t Activity::*kCounts[] = {&Activity::array_byte_hops,   &Activity::sfu_lane_ops,
                                                &Activity::ring_byte_hops,    &Activity::psum_ring_byte_hops,
                                                &Activity::memory_row_misses, &Activity::core_busy_cycles,
                                                &Activity::core_idle_cycles};
static_assert(sizeof(Activity) == sizeof(CountsByMode) * std::size(kByMode) +
                                      sizeof(Bytes) * std::size(kBytes) +
                                      sizeof(std::uint64_t) * std::size(kCounts),
              "a count is missing above");

}  // namespace

Activity& Activity::operator+=(const Activity& other) {
  for (const auto field : kByMode) {
    for (const auto& [mode, count] : other.*field) (this->*field)[mode] += count;
  }
  for (const auto field : kBytes) this->*field += other.*field;
  for (const auto field : kCounts) this->*field += other.*field;
  return *this;
}

Activity& Activity::operator-=(const Activity& earlier) {
  for (const auto field : kByMode) {
    for (const auto& [mode, count] : earlier.*field) (this->*field)[mode] -= count;
  }
  for (const auto field : kBytes) this->*field -= earlier.*field;
  for (const auto field : kCounts) this->*field -= earlier.*field;
  return *this;
}

Activity& Activity::operator*=(std::uint64_t times) {
  for (const auto field : kByMode) {
    for (auto& [mode, count] : this->*field) count *= times;
  }
  for (const auto field : kBytes) this->*field = this->*field * times;
  for (const auto field : kCounts) this->*field *= times;
  return *this;
}

}  // namespace nibble
