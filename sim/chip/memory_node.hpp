#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <systemc>
#include <tlm>
#include <vector>

#include "models/config/accelerator.hpp"
#include "sim/chip/burst.hpp"
#include "sim/chip/data_ring.hpp"

namespace nibble {

/// MemoryNode: where the ring meets the external memory. Turns bursts into TLM-2.0 transactions, sends what comes back
/// over the ring, lets cores read one another's L1, and aggregates requests: a multicast is read once, when the last of its
/// cores has asked. Transfers lie in memory in the order in which they are asked for, what is stored far from what is loaded: a
/// compiler lays tensors out by tiles, and programs have no addresses.
class MemoryNode : public sc_core::sc_module {
 public:
  MemoryNode(sc_core::sc_module_name name, const Accelerator& accelerator, DataRing& ring);

  tlm_utils::simple_initiator_socket<MemoryNode> socket;

  /// A core asks for `instruction`; a multicast waits here for its other cores.
  void join_load(Mni& mni, const Instruction& instruction, TransferClient& client);
  /// Sends one burst of `transfer` on its way (a read request, of memory or of another core, or data to be written).
  void request(Mni& mni, Transfer& transfer, std::uint64_t bytes);

  Transfer& new_transfer(Unit unit, Bytes bytes, std::vector<TransferEnd> ends);
  void release(Transfer& transfer);
  /// Ids of the multicasts that wait for cores, in order.
  [[nodiscard]] std::vector<std::uint32_t> waiting() const;
  /// The ids of waiting multicasts grow by `ids`.
  void skip(std::uint32_t ids);
  void reset();  ///< before a kernel: forgets multicast ids
  void set_core_clock(Hertz clock);
  [[nodiscard]] std::string describe_stall() const;

 private:
  tlm::tlm_sync_enum answer(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  [[nodiscard]] std::uint64_t place(Unit unit, std::uint64_t bytes, const Instruction& instruction);
  void deliver(Transfer& transfer, std::uint64_t bytes, std::uint64_t last_out);

  DataRing& ring_;
  bool multicast_;
  BytesPerSecond rate_;     ///< at which the memory sends
  std::uint64_t granule_;
  std::uint64_t next_load_ = 0, next_store_ = 0;  ///< addresses of the next transfers
  double bytes_per_cycle_;  ///< the same in core cycles: how long before its last byte a burst's first one left
  BurstPool pool_;
  std::map<std::uint32_t, std::pair<const Instruction*, std::vector<TransferEnd>>> joining_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<Transfer*> free_transfers_;
  std::vector<std::uint32_t> cores_;          // scratch of deliver()
  std::vector<std::uint64_t> arrivals_;       // scratch of deliver()
};

}  // namespace nibble
