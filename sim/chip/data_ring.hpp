#pragma once

#include <cstdint>
#include <optional>
#include <systemc>
#include <vector>

#include "models/config/accelerator.hpp"

namespace nibble {

/// DataRing: the bi-directional ring that joins the cores (nodes 0 to cores-1) and the memory (the last node).
///
/// Timing  cut-through: a burst holds each segment of its way for ceil(bytes / bandwidth) cycles, each segment
///         hop_cycles after the one before; where a segment is taken it waits. Entering and leaving a core holds the
///         core's L1 ring port for as long as that takes.
///         While several cores load alone over a direction, each its own data, that passes at `unicast_bandwidth`.
/// Order   segments and ports are granted in the order of the calls.
/// Counts  byte_hops(): bytes times segments passed; wait_cycles(): what bursts waited for taken segments.
/// Multicast  one copy a direction; each receiver on the way takes its bytes off as they pass.
class DataRing : public sc_core::sc_module {
 public:
  DataRing(sc_core::sc_module_name name, const Accelerator& accelerator);

  /// When a burst that leaves the memory from `first_out` to `last_out` has arrived in each of `cores`
  /// (same order). Reserves the way.
  void from_memory(std::uint64_t bytes, std::uint64_t first_out, std::uint64_t last_out,
                   const std::vector<std::uint32_t>& cores, std::vector<std::uint64_t>& arrivals);
  /// When a burst that core `core` sends now has arrived at the memory.
  std::uint64_t to_memory(std::uint64_t bytes, std::uint32_t core);
  /// When a burst that core `target` asks for now, out of the L1 of core `source`, has arrived there. Reserves the way.
  std::uint64_t between_cores(std::uint64_t bytes, std::uint32_t source, std::uint32_t target);
  /// Cycles for a request (no data) from `core` to the memory.
  [[nodiscard]] std::uint64_t request_cycles(std::uint32_t core) const;
  /// On which side of the memory a core lies.
  [[nodiscard]] bool clockwise(std::uint32_t core) const { return distance(core).clockwise_shorter(); }

  [[nodiscard]] std::uint64_t byte_hops() const { return byte_hops_; }
  /// Counts what passed outside of the kernel's time.
  void skip(std::uint64_t byte_hops) { byte_hops_ += byte_hops; }
  /// Starts a kernel: counts from zero, and nobody has loaded alone.
  void reset_counts() {
    byte_hops_ = 0;
    clockwise_readers_ = counter_readers_ = {};
  }

 private:
  /// Cores that load alone over one direction in this kernel: the first of them, and whether there are more.
  struct Readers {
    std::optional<std::uint32_t> first;
    bool many = false;
    /// Notes one more load; true if several cores share the direction.
    bool add(std::uint32_t core) {
      if (!first) first = core;
      many = many || *first != core;
      return many;
    }
  };
  struct Distance {
    std::uint32_t clockwise = 0, counter = 0;  ///< segments from the memory node
    [[nodiscard]] bool clockwise_shorter() const { return clockwise <= counter; }
  };
  [[nodiscard]] Distance distance(std::uint32_t core) const;
  std::uint64_t& segment(bool clockwise, std::uint32_t link);
  std::uint64_t hold(std::uint64_t& free_at, std::uint64_t earliest, std::uint64_t cycles);

  /// Cycles of bursts at a bandwidth; most are of one size.
  class BurstTimes {
   public:
    explicit BurstTimes(BytesPerCycle bandwidth) : bandwidth_{bandwidth} {}
    std::uint64_t of(std::uint64_t bytes) {
      if (bytes != bytes_) {
        bytes_ = bytes;
        cycles_ = transfer_time(Bytes{bytes}, bandwidth_).value();
      }
      return cycles_;
    }

   private:
    BytesPerCycle bandwidth_;
    std::uint64_t bytes_ = 0, cycles_ = 0;
  };

  std::uint32_t cores_;
  BurstTimes on_segment_, alone_on_segment_, on_port_;
  std::uint64_t hop_cycles_;
  std::vector<std::uint64_t> clockwise_out_, counter_out_;  ///< away from the memory, by distance
  std::vector<std::uint64_t> clockwise_in_, counter_in_;    ///< towards the memory, by distance
  std::vector<std::uint64_t> port_in_, port_out_;           ///< L1 ring ports
  Readers clockwise_readers_, counter_readers_;
  std::uint64_t byte_hops_ = 0;
  std::vector<std::uint64_t> passes_;                       ///< scratch: when a multicast passes each distance
};

}  // namespace nibble
