#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <systemc>
#include <tlm>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "sim/chip/channels.hpp"
#include "sim/core/timeline.hpp"

namespace nibble {

struct BurstExtension;

/// ExternalMemory: the chip's memory behind a TLM-2.0 target socket.
///
/// Timing  one burst at a time takes bytes / (peak bandwidth * efficiency); whole granules move. A change of direction
///         costs `turnaround`. While both directions wait they alternate by `turnaround_batch` bytes, so a burst pays one
///         turnaround for each batch in it. The answer leaves `latency` after the burst was served.
///         While all cores that have asked lie on one side of the ring, `one_sided_batch` takes the batch's place; a burst
///         pays its `clash` share of the turnarounds, as its stream lies against those of the other direction.
///         A gather finds the row buffer of a piece closed with a chance of pitch / (pitch + page), which costs `activation`;
///         a piece hides the opening of the next one, all of it from half a page on. Pieces further apart than `bank_span`
///         meet in one bank: each loses `bank_conflict` in proportion of what lies beyond the span.
///         Granules are dealt out to `channels` in turn, so a burst of one of several interleaved matrices finds its own in
///         some of them only, which pass no more than their share of the peak bandwidth.
/// Order   first come first served in each direction; directions alternate while both wait.
/// Protocol  nb_transport_fw(BEGIN_REQ) is accepted; nb_transport_bw(BEGIN_RESP) comes when the burst is being served,
///         its delay says when the last byte is out. BurstExtension::ready holds requests back until then.
/// Counts  bytes_read(), bytes_written() (whole granules), busy_cycles() turnarounds included.
/// Source  bandwidth, efficiency, turnaround and activation: configs/accelerators/*.yaml, memory.
class ExternalMemory : public sc_core::sc_module {
 public:
  ExternalMemory(sc_core::sc_module_name name, const Memory& memory, Hertz core_clock);

  tlm_utils::simple_target_socket<ExternalMemory> socket;

  [[nodiscard]] Bytes bytes_read() const { return read_; }
  [[nodiscard]] Bytes bytes_written() const { return written_; }
  [[nodiscard]] std::uint64_t busy_cycles() const { return static_cast<std::uint64_t>(busy_); }
  void observe(Timeline* timeline) { timeline_ = timeline; }
  /// The clock in whose cycles time is counted from now on; the memory keeps its own pace.
  void set_core_clock(Hertz clock);
  /// Starts a kernel: counts from zero, bus idle, last direction reading.
  void reset_counts();

  /// Bytes as the memory moves them: whole granules.
  [[nodiscard]] std::uint64_t granules(std::uint64_t bytes) const { return ceil_div(bytes, granule_) * granule_; }
  /// Cycles that a burst of so many bytes occupies the data bus, without turnarounds.
  [[nodiscard]] double transfer_cycles(std::uint64_t bytes, std::uint32_t interleave = 1) const {
    const double reached = channel_bytes_per_cycle_ * reached_channels(channels_, interleave);
    return static_cast<double>(granules(bytes)) / std::min(bytes_per_cycle_, reached);
  }

 private:
  using Queue = std::deque<tlm::tlm_generic_payload*>;  ///< ordered by the cycle in which they are ready

  tlm::tlm_sync_enum accept(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void serve();
  void serve_burst(Queue& queue, bool writing, bool other_waits);
  [[nodiscard]] bool ready(const Queue& queue) const;
  /// Cycles that a gather's pieces lose to closed row buffers and to one another's banks.
  [[nodiscard]] double activation_cycles(std::uint64_t bytes, const BurstExtension& burst) const;
  void arm();

  Memory config_;
  double bytes_per_cycle_, channel_bytes_per_cycle_;
  double latency_cycles_, turnaround_cycles_, activation_cycles_, bank_conflict_cycles_;
  std::uint32_t channels_;
  std::uint64_t turnaround_batch_, one_sided_batch_, granule_, page_, bank_span_;
  Queue reads_, writes_;
  bool last_was_write_ = false;
  bool asked_clockwise_ = false, asked_counter_ = false;  ///< sides of the ring that have asked in this kernel
  /// Since when the counts run. Times are relative to it, and the bus is idle then: what a kernel takes must not depend on
  /// what ran before it, not even in the last bit of a rounding.
  std::uint64_t began_ = 0;
  double free_at_ = 0;  ///< from began_; fractional: the remainder of a transfer is carried, not rounded up
  Bytes read_, written_;
  double busy_ = 0;
  Timeline* timeline_ = nullptr;
  sc_core::sc_event wake_;
};

}  // namespace nibble
