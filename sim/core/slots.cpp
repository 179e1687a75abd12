#include "sim/core/slots.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "models/base/check.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

constexpr std::array<const char*, 4> kStateNames{"empty", "owned", "full", "draining"};

}  // namespace

void SlotTable::reset(std::size_t count) {
  if (slots_.size() < count) slots_.resize(count);
  count_ = count;
  for (Slot& slot : slots_) slot.state = State::empty;
}

void SlotTable::await(Slot& slot, State state) {
  while (slot.state != state) {
    ++slot.waiting;
    sc_core::wait(*slot.changed);
    --slot.waiting;
  }
}

/// An event that nobody waits for would still cost the kernel a delta cycle.
void SlotTable::notify(const Slot& slot) {
  if (slot.waiting > 0) slot.changed->notify(sc_core::SC_ZERO_TIME);
}

void SlotTable::await(const Instruction& instruction, WaitLog& log) {
  for (const SlotIndex index : instruction.waits) {
    Slot& slot = slots_.at(index);
    const std::uint64_t begin = kernel_now();
    await(slot, State::full);
    log_fill_wait(slot, begin, log);
  }
  for (const SlotIndex index : instruction.acquires) {
    Slot& slot = slots_.at(index);
    const std::uint64_t begin = kernel_now();
    await(slot, State::empty);
    log_free_wait(slot, begin, log);
    slot.state = State::owned;
  }
  for (const SlotIndex index : instruction.frees) {
    Slot& slot = slots_.at(index);
    if (slot.state == State::full) slot.state = State::draining;
  }
}

void SlotTable::log_fill_wait(const Slot& slot, std::uint64_t begin, WaitLog& log) const {
  const std::uint64_t now = kernel_now();
  if (now == begin) return;
  if (slot.filled_by != Unit::load) {
    log.push_back({ArrayState::vector, begin, now});
    return;
  }
  const std::uint64_t left = std::clamp(slot.left_memory, begin, now);
  if (left > begin) log.push_back({ArrayState::memory, begin, left});
  if (now > left) log.push_back({ArrayState::ring, left, now});
}

void SlotTable::log_free_wait(const Slot& slot, std::uint64_t begin, WaitLog& log) const {
  const std::uint64_t now = kernel_now();
  if (now == begin) return;
  const ArrayState cause = slot.freed_by == Unit::sfu ? ArrayState::vector : ArrayState::memory;
  log.push_back({cause, begin, now});
}

void SlotTable::finish(const Instruction& instruction, Unit unit, std::uint64_t left_memory) {
  for (const SlotIndex index : instruction.publishes) {
    Slot& slot = slots_.at(index);
    NIBBLE_CHECK(slot.state == State::owned, "slot {} is published but not owned", index);
    slot.state = State::full;
    slot.filled_by = unit;
    slot.left_memory = left_memory;
    notify(slot);
  }
  for (const SlotIndex index : instruction.frees) {
    Slot& slot = slots_.at(index);
    NIBBLE_CHECK(slot.state != State::empty, "slot {} is freed but empty", index);
    slot.state = State::empty;
    slot.freed_by = unit;
    notify(slot);
  }
}

std::string SlotTable::describe() const {
  std::string text;
  for (std::size_t i = 0; i < count_; ++i) {
    const State state = slots_[i].state;
    text += fmt::format("{}slot {} {}", i == 0 ? "" : ", ", i,
                        kStateNames[static_cast<std::size_t>(state)]);
  }
  return text;
}

}  // namespace nibble
