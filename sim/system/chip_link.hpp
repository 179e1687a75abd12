#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <systemc>

#include "models/base/units.hpp"

namespace nibble {

/// ChipLink: one direction of a link between two chips.
///
/// Timing  a message occupies the link for bytes / bandwidth; it is there `latency` after its last byte has left.
/// Order   first come first served.
/// Counts  bytes_sent(), bytes_delivered(), busy_cycles().
class ChipLink : public sc_core::sc_module {
 public:
  using Arrival = std::function<void()>;

  ChipLink(sc_core::sc_module_name name, double bytes_per_cycle, double latency_cycles);

  void send(std::uint64_t bytes, Arrival arrival);
  /// Before a run: idle since now, counts from zero.
  void reset();

  [[nodiscard]] Bytes bytes_sent() const { return sent_; }
  [[nodiscard]] Bytes bytes_delivered() const { return delivered_; }
  [[nodiscard]] double busy_cycles() const { return busy_; }

 private:
  struct Message {
    std::uint64_t bytes = 0, arrives = 0;
    Arrival arrival;
  };

  void deliver();
  void arm();

  double bytes_per_cycle_, latency_cycles_;
  std::deque<Message> flying_;
  std::uint64_t began_ = 0;
  double free_at_ = 0;  ///< from began_; fractional: the remainder of a message is carried, not rounded up
  double busy_ = 0;
  Bytes sent_, delivered_;
  sc_core::sc_event wake_;
};

}  // namespace nibble
