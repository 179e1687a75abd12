#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <cstdint>
#include <systemc>
#include <tlm>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "sim/chip/agenda.hpp"
#include "sim/chip/memory_channel.hpp"
#include "sim/core/progress.hpp"
#include "sim/core/timeline.hpp"

namespace nibble {

struct BurstExtension;

/// ExternalMemory: the chip's memory behind a TLM-2.0 target socket: channels that share its bandwidth.
///
/// Timing  with banks a burst is cut into stripes of `interleave` bytes, which go to the channels in turn; each serves its part by itself
///         (MemoryChannel), and the answer leaves `latency` after the last part was served. Whole granules move.
///         Each channel has bandwidth * efficiency / channels: `efficiency` is what refresh leaves, 1 - tRFC / tREFI, where the
///         channels have banks, and all that is achieved in one direction where they have none.
///         While all cores that have asked lie on one side of the ring, `one_sided_batch` takes turnaround_batch's place; a burst
///         pays its `clash` share of the turnarounds, as its stream lies against those of the other direction.
///         Without banks the memory is one whole. Granules are dealt out to its channels in turn, so a burst of one of several
///         interleaved matrices finds its own in some of them only, which pass no more than their share of the peak bandwidth.
///         A piece of a gather finds its row buffer closed with a chance of pitch / (pitch + page), which costs `activation`, and its bank
///         taken by another core's with a chance of column / (column + bank_span), which costs `crossed_activation`; longer pieces than a
///         granule hide part of both, and all open while the bus turns around. Of longer pieces at most `turnaround_pieces` are served
///         between two turnarounds. Pieces further apart than `bank_span` meet in one bank: each loses `bank_conflict` in proportion of
///         what lies beyond the span.
/// Protocol  nb_transport_fw(BEGIN_REQ) is accepted; nb_transport_bw(BEGIN_RESP) comes when the burst's last part is being served, or,
///         of several channels, up to 64 cycles of the latency later (many parts at one wake: what each channel does is worked out
///         for the cycles in which it did it); its delay says when the last byte is out. BurstExtension::ready holds requests
///         back until then.
/// Counts  bytes_read(), bytes_written() (whole granules), busy_cycles() of a channel on average, turnarounds included, row_misses().
/// Source  bandwidth, efficiency, turnaround and activation: configs/accelerators/*.yaml, memory.
class ExternalMemory : public sc_core::sc_module {
 public:
  ExternalMemory(sc_core::sc_module_name name, const Memory& memory, Hertz core_clock, Agenda& agenda);

  tlm_utils::simple_target_socket<ExternalMemory> socket;

  [[nodiscard]] Bytes bytes_read() const { return read_; }
  [[nodiscard]] Bytes bytes_written() const { return written_; }
  [[nodiscard]] std::uint64_t busy_cycles() const;
  /// Rows opened beyond one for each page that was moved; 0 without banks.
  [[nodiscard]] std::uint64_t row_misses() const;
  void observe(Timeline* timeline) { timeline_ = timeline; }
  /// Tells `progress`, which must outlive the memory, of each burst that is served; for memories without banks.
  void watch(Progress& progress) { progress_ = &progress; }
  /// The clock in whose cycles time is counted from now on; the memory keeps its own pace.
  void set_core_clock(Hertz clock);
  /// Starts a kernel: counts from zero, buses idle, rows closed, last direction reading.
  void reset_counts();

  struct Counts {
    Bytes read, written;
    double busy = 0;
  };
  [[nodiscard]] Counts counts() const { return {read_, written_, channels_.front().busy_cycles()}; }
  /// Counts as if what happened from `first` to `last` had happened so many times more; for memories without banks, in which it
  /// does not matter where something lies.
  void skip(const Counts& first, const Counts& last, std::uint64_t times);

  /// Bytes as the memory moves them: whole granules.
  [[nodiscard]] std::uint64_t granules(std::uint64_t bytes) const { return ceil_div(bytes, granule_) * granule_; }

 private:
  tlm::tlm_sync_enum accept(tlm::tlm_generic_payload& payload, tlm::tlm_phase& phase, sc_core::sc_time& delay);
  void serve();
  void serve_whole();
  void serve_channels();
  /// Notes what a channel has served; true if it was the burst's last part.
  bool note(const MemoryChannel& channel, const MemoryChannel::Served& served);
  void arm();
  void answer(tlm::tlm_generic_payload& payload);
  /// Without banks: one bus, addresses do not matter.
  [[nodiscard]] bool is_whole() const { return config_.banks == 0; }
  void split(tlm::tlm_generic_payload& payload, const ChannelPart& common);
  /// Adds the stripes of a stretch of addresses to the parts of their channels.
  void add_stretch(std::uint64_t address, std::uint64_t bytes);
  [[nodiscard]] std::uint32_t channel_of(std::uint64_t stripe) const;
  /// Bytes of a gather in long pieces between two turnarounds; 0 where pieces do not matter.
  [[nodiscard]] std::uint64_t batch_of(const BurstExtension& burst) const;
  /// Cycles in which the rows of a gather open.
  [[nodiscard]] double opening_cycles(std::uint64_t bytes, const BurstExtension& burst) const;
  /// Cycles that a gather's pieces lose to one another's banks.
  [[nodiscard]] double gather_cycles(std::uint64_t bytes, const BurstExtension& burst) const;

  Memory config_;
  double latency_cycles_ = 0, activation_cycles_ = 0, crossed_activation_cycles_ = 0, bank_conflict_cycles_ = 0;
  std::uint64_t granule_, page_, bank_span_;
  std::vector<MemoryChannel> channels_;
  std::vector<ChannelPart> parts_;                        ///< scratch of split()
  std::vector<tlm::tlm_generic_payload*> done_;           ///< scratch of serve_channels()
  std::uint64_t lag_ = 0;
  bool asked_clockwise_ = false, asked_counter_ = false;  ///< sides of the ring that have asked in this kernel
  /// Since when the counts run. Times are relative to it, and the buses are idle then: what a kernel takes must not depend on
  /// what ran before it, not even in the last bit of a rounding.
  std::uint64_t began_ = 0;
  Bytes read_, written_;
  Timeline* timeline_ = nullptr;  ///< sees the bus of the first channel
  Progress* progress_ = nullptr;
  Alarm alarm_;
};

}  // namespace nibble
