#pragma once

#include <cstdint>
#include <systemc>

#include "sim/mapper/program.hpp"

namespace nibble {

/// Who gets told that a transfer is complete.
class TransferClient {
 public:
  virtual ~TransferClient() = default;
  /// `left_memory`: cycle in which the last byte left the external memory (loads), for stall attribution.
  virtual void transfer_done(const Instruction& instruction, Unit unit, std::uint64_t left_memory) = 0;
};

/// What a core sees of the chip around it.
class DataMover {
 public:
  virtual ~DataMover() = default;
  /// Starts a transfer between memory and the core's L1; `client` is told when its last byte has arrived.
  virtual void load(const Instruction& instruction, TransferClient& client) = 0;
  virtual void store(const Instruction& instruction, TransferClient& client) = 0;
  /// Joins the partial-sum exchange `instruction.reduce`; `done` is notified when this core's share is complete.
  /// Returns a reference that then holds the bytes which arrived here and have to be added.
  virtual const Bytes& exchange(const Instruction& instruction, sc_core::sc_event& done) = 0;
  /// Blocks the calling SC_THREAD until the core that passes its sums on in exchange `id` has them ready.
  virtual void await_sums(std::uint32_t id) = 0;
};

}  // namespace nibble
