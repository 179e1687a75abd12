#pragma once

#include <cstdint>
#include <deque>
#include <systemc>
#include <vector>

#include "models/config/accelerator.hpp"
#include "sim/chip/agenda.hpp"
#include "sim/chip/burst.hpp"
#include "sim/chip/ordered_queue.hpp"
#include "sim/chip/psum_ring.hpp"
#include "sim/core/data_mover.hpp"

namespace nibble {

class MemoryNode;

/// Mni: a core's interface to the ring (IBM: memory-neighbour interface). Cuts transfers into bursts and keeps a
/// limited number of them in flight for each direction.
///
/// Timing  a burst is requested as soon as the transfers before it are requested and a credit is free. Granules of one of
///         several interleaved matrices are picked up one by one: `gather_cycles` each, or `shared_gather_cycles` if other
///         cores take them too; less where they lie in several of the memory's channels, which work side by side. While more cores
///         take others of those matrices, it is `crossed_gather_cycles`.
/// Order   transfers are requested in the order of the calls, after all that the cores do in the cycle; they complete when
///         their last burst arrives.
class Mni : public sc_core::sc_module, public DataMover {
 public:
  Mni(sc_core::sc_module_name name, std::uint32_t core, const Accelerator& accelerator, MemoryNode& node,
      PsumRing& psum_ring, Agenda& agenda);

  void load(const Instruction& instruction, TransferClient& client) override;
  void store(const Instruction& instruction, TransferClient& client) override;
  const Bytes& exchange(const Instruction& instruction, sc_core::sc_event& done) override;
  void await_sums(std::uint32_t id) override { psum_ring_.await_first(id); }

  void reset();  ///< before a kernel: nothing is being picked up
  /// Loads that the core has asked for in this cycle are `instructions` further on in its program.
  void skip(std::size_t instructions);

  /// Takes a transfer on: this core asks for it, on behalf of all its ends.
  void enqueue(Transfer& transfer);
  /// `bytes` of `transfer` reach this core (loads) or are safe in memory (stores) in cycle `when`.
  void arrive(Transfer& transfer, std::uint64_t bytes, std::uint64_t when);

  [[nodiscard]] std::uint32_t core() const { return core_; }
  [[nodiscard]] std::string describe_stall() const;

 private:
  struct Arrival {
    std::uint64_t when = 0, bytes = 0;
    Transfer* transfer = nullptr;
  };
  struct Earlier {
    bool operator()(const Arrival& a, const Arrival& b) const { return a.when < b.when; }
  };
  struct Direction {
    std::deque<Transfer*> waiting;
    std::uint32_t in_flight = 0;
  };

  /// What the core has asked for in this cycle.
  struct Asked {
    const Instruction* instruction = nullptr;
    TransferClient* client = nullptr;
  };

  void act();
  void take_asked();
  bool retire_due();
  /// When a burst whose last byte comes in cycle `when` has been picked up granule by granule.
  std::uint64_t picked_up(const Transfer& transfer, std::uint64_t bytes, std::uint64_t when);
  void request_bursts();
  [[nodiscard]] TransferEnd& end_of(Transfer& transfer) const;
  void retire_one(const Arrival& arrival);
  Direction& direction(Unit unit) { return unit == Unit::load ? loads_ : stores_; }

  std::uint32_t core_;
  std::uint64_t burst_;
  std::uint32_t credits_;
  const Dma& dma_;
  std::uint64_t granule_;
  std::uint32_t channels_;
  std::uint64_t picking_until_ = 0;
  MemoryNode& node_;
  PsumRing& psum_ring_;
  std::vector<Asked> asked_loads_, asked_stores_;
  Direction loads_, stores_;
  OrderedQueue<Arrival, Earlier> arrivals_;
  Alarm alarm_;  ///< requests to make, arrivals to retire
};

}  // namespace nibble
