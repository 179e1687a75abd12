#pragma once

#include <cstdint>
#include <memory>
#include <systemc>
#include <vector>

#include "sim/core/stall.hpp"
#include "sim/mapper/program.hpp"

namespace nibble {

/// The L1 tile buffers of one core as credits: an instruction waits here for its inputs to be full and its
/// outputs to be empty.
class SlotTable {
 public:
  /// All slots of the next kernel, empty.
  void reset(std::size_t count);

  /// Blocks the calling SC_THREAD until every `waits` slot is full and every `acquires` slot empty, and takes
  /// the latter. A slot that the instruction will free is drained from now on: an instruction issued behind it waits
  /// for the next filling. Adds what it waited for, and how long, to `log`.
  void await(const Instruction& instruction, WaitLog& log);

  /// Ends an instruction: its results become full, its inputs empty. `left_memory`: the cycle in which the
  /// last byte left the external memory (loads only): waiting after it is the ring's doing.
  void finish(const Instruction& instruction, Unit unit, std::uint64_t left_memory = 0);

  /// "slot 3 owned since cycle 120, ...": for the deadlock report.
  [[nodiscard]] std::string describe() const;

 private:
  enum class State : std::uint8_t { empty, owned, full, draining };
  struct Slot {
    State state = State::empty;
    Unit filled_by = Unit::load, freed_by = Unit::store;
    std::uint64_t left_memory = 0;
    std::uint32_t waiting = 0;  ///< instructions
    std::unique_ptr<sc_core::sc_event> changed = std::make_unique<sc_core::sc_event>();
  };

  static void await(Slot& slot, State state);
  static void notify(const Slot& slot);
  void log_fill_wait(const Slot& slot, std::uint64_t begin, WaitLog& log) const;
  void log_free_wait(const Slot& slot, std::uint64_t begin, WaitLog& log) const;

  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace nibble
