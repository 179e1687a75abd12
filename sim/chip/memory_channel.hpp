#pragma once

#include <cstdint>
#include <vector>

#include "models/config/accelerator.hpp"
#include "sim/chip/ordered_queue.hpp"

namespace nibble {

/// What is read or written of a memory channel in one go: bytes that lie one after another there.
struct ChannelRun {
  std::uint64_t address = 0;  ///< within the channel
  std::uint64_t bytes = 0;
};

/// A burst's part in one channel. `burst` is the caller's own name of the burst.
struct ChannelPart {
  void* burst = nullptr;
  bool write = false;
  std::uint64_t ready = 0;    ///< cycle from which it may be served
  double clash = 1;           ///< share of the usual turnarounds that it pays for
  std::uint64_t batch = 0;    ///< bytes of it that are served at most while the other direction waits; 0: the usual batch
  double opening_cycles = 0;  ///< what rows of a gather take to open, while the bus turns around; of memories without banks
  double gather_cycles = 0;   ///< bus time lost between pieces of a gather; of memories without banks
  std::uint32_t reached = 1;  ///< channels that it finds its bytes in; of memories without banks, which are one whole
  std::uint64_t bytes = 0;
  std::vector<ChannelRun> runs;  ///< where the bytes lie, in order; a memory without banks need not know
};

/// MemoryChannel: one channel of the external memory: its data bus, the order of what waits for it, and its banks.
///
/// Timing  one part at a time holds the bus for its bytes; a change of direction costs `turnaround`. While both directions wait
///         they alternate by `batch` bytes, so a part pays one turnaround for each batch in it: its `clash` share of the usual ones, or those of
///         its own shorter batches if they are more.
///         Rows of a gather open while the bus turns around, before this part or the one before it; what takes longer is waited for.
///         Without banks what a part takes in all is rounded up to ten significant bits, which lets loops repeat exactly.
///         With banks, rows of `page` bytes lie in them in turn. A run's row that is not open in its bank is opened first: `row_open`
///         after the part is there (a queue shows what comes), the bank's last data are through, `row_cycle` after the bank's last
///         opening and `activate_gap` after the channel's. The bus serves open rows meanwhile, in order.
/// Order   first come first served in each direction; directions alternate while both wait.
/// Times are core cycles, fractions carried; `began` is the cycle in which the kernel began.
class MemoryChannel {
 public:
  /// A `share`-th of `memory`: of its bandwidth and its turnaround_batch.
  MemoryChannel(const Memory& memory, std::uint32_t share) : memory_{memory}, share_{share} {}

  void set_core_clock(Hertz clock);
  void reset(std::uint64_t began);

  void push(ChannelPart part);
  /// Serves what is first in line if the bus is free in cycle `now`; false if nothing is. `one_sided`: all cores that have asked
  /// lie on one side of the ring.
  struct Served {
    ChannelPart part;
    double begin = 0, end = 0;  ///< of the bus's time, turnarounds and waits for rows included; from `began`
    double unused_turning = 0;  ///< cycles of turnarounds so far in which rows of what comes next may open
  };
  [[nodiscard]] bool serve(std::uint64_t now, bool one_sided, Served& served);
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  /// First cycle, not before `now`, in which serve() could do something; kNever if nothing waits.
  [[nodiscard]] std::uint64_t next(std::uint64_t now) const;
  [[nodiscard]] bool idle() const { return reads_.empty() && writes_.empty(); }

  [[nodiscard]] double busy_cycles() const { return busy_; }
  [[nodiscard]] std::uint64_t rows_opened() const { return rows_opened_; }
  /// Counts as if the bus had been busy for so many cycles more, with so many bytes.
  void skip(double busy_cycles, Bytes read, Bytes written) {
    busy_ += busy_cycles;
    read_ += read.value();
    written_ += written.value();
  }

 private:
  struct Earlier {
    bool operator()(const ChannelPart& a, const ChannelPart& b) const { return a.ready < b.ready; }
  };
  using Queue = OrderedQueue<ChannelPart, Earlier>;
  struct Bank {
    bool open = false;
    std::uint64_t row = 0;
    double opened = -1e18, through = 0;  ///< when its row was asked for, when its last data are through
  };

  [[nodiscard]] double changes_of(const ChannelPart& part, bool turns, bool other_waits, bool one_sided) const;
  /// Bus time that passes before a part's first byte: turnarounds, and openings that they do not hide.
  [[nodiscard]] double lost_cycles(const ChannelPart& part, double turning);
  [[nodiscard]] double transfer_cycles(const ChannelPart& part) const;
  [[nodiscard]] double move(const ChannelPart& part, double begin);
  [[nodiscard]] double open_row(std::uint64_t row, double arrived);

  Memory memory_;
  std::uint32_t share_;
  double bytes_per_cycle_ = 1, peak_of_one_ = 1, turnaround_ = 0, row_open_ = 0, row_cycle_ = 0, activate_gap_ = 0;
  Queue reads_, writes_;
  std::vector<Bank> banks_;
  bool last_was_write_ = false;
  std::uint64_t began_ = 0, read_ = 0, written_ = 0;  ///< of this kernel: its first cycle, bytes served
  double unused_turning_ = 0;
  double free_at_ = 0, last_opening_ = -1e18, busy_ = 0;
  std::uint64_t rows_opened_ = 0;
};

}  // namespace nibble
