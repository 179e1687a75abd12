#include "sim/chip/memory_channel.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "models/base/check.hpp"

namespace nibble {
namespace {

/// Rounded up to ten significant bits: at most 0.2 % longer, a twentieth of a percent in the mean. The bandwidth is not known
/// as well as that; sums are exact then, and the fraction of a cycle in which the bus is free takes few values, so that loops
/// repeat to the last bit. `cycles` >= 0.
double ten_bits(double cycles) {
  constexpr std::uint64_t kRest = (std::uint64_t{1} << (std::numeric_limits<double>::digits - 10)) - 1;
  return std::bit_cast<double>((std::bit_cast<std::uint64_t>(cycles) + kRest) & ~kRest);
}

}  // namespace

void MemoryChannel::set_core_clock(Hertz clock) {
  bytes_per_cycle_ = memory_.bandwidth.value() * memory_.efficiency / clock.value() / share_;
  peak_of_one_ = memory_.bandwidth.value() / memory_.channels / clock.value();
  turnaround_ = memory_.turnaround.value() * clock.value();
  row_open_ = memory_.row_open.value() * clock.value();
  row_cycle_ = memory_.row_cycle.value() * clock.value();
  activate_gap_ = memory_.activate_gap.value() * clock.value();
}

void MemoryChannel::reset(std::uint64_t began) {
  NIBBLE_CHECK(idle(), "a kernel begins while the memory works");
  banks_.assign(memory_.banks, {});
  last_was_write_ = false;
  began_ = began;
  free_at_ = busy_ = unused_turning_ = 0;
  read_ = written_ = 0;
  last_opening_ = -1e18;
  rows_opened_ = 0;
}

void MemoryChannel::push(ChannelPart part) {
  Queue& queue = part.write ? writes_ : reads_;
  queue.insert(std::move(part));
}

std::uint64_t MemoryChannel::next(std::uint64_t now) const {
  std::uint64_t first = kNever;
  for (const Queue* queue : {&reads_, &writes_}) {
    if (!queue->empty()) first = std::min(first, queue->front().ready);
  }
  return idle() ? first : std::max({first, now, began_ + static_cast<std::uint64_t>(free_at_)});
}

bool MemoryChannel::serve(std::uint64_t now, bool one_sided, Served& served) {
  if (idle() || next(now) > now) return false;
  const auto ready = [now](const Queue& queue) { return !queue.empty() && queue.front().ready <= now; };
  const bool read_waits = ready(reads_), write_waits = ready(writes_);
  const bool writing = write_waits && (!read_waits || !last_was_write_);
  Queue& queue = writing ? writes_ : reads_;
  served.part = queue.take_front();
  const double changes = changes_of(served.part, writing != last_was_write_, writing ? read_waits : write_waits, one_sided);
  last_was_write_ = writing;
  (writing ? written_ : read_) += served.part.bytes;

  served.begin = std::max(free_at_, static_cast<double>(now - began_));
  const double lost = lost_cycles(served.part, changes * turnaround_);
  served.end = free_at_ = banks_.empty() ? served.begin + ten_bits(lost + transfer_cycles(served.part))
                                         : move(served.part, served.begin + lost);
  busy_ += served.end - served.begin;
  served.unused_turning = unused_turning_;
  return true;
}

/// Changes of direction that a part pays for.
double MemoryChannel::changes_of(const ChannelPart& part, bool turns, bool other_waits, bool one_sided) const {
  const Bytes usual = one_sided && memory_.one_sided_batch.value() > 0 ? memory_.one_sided_batch : memory_.turnaround_batch;
  if (memory_.collects) {
    const std::uint64_t own = part.write ? written_ : read_, other = part.write ? read_ : written_;
    if (own >= other) return 0.0;
    const auto bytes = static_cast<double>(part.bytes * share_);
    const double by_pieces = part.batch > 0 ? bytes / static_cast<double>(part.batch) : 0.0;
    return 2.0 * std::max(bytes / static_cast<double>(usual.value()) * part.clash, by_pieces);
  }
  if (!other_waits) return turns ? part.clash : 0.0;
  const std::uint64_t batches = std::max<std::uint64_t>(turns ? 1 : 0, ceil_div(part.bytes * share_, usual.value()));
  const std::uint64_t by_pieces = part.batch > 0 ? ceil_div(part.bytes, part.batch) : 0;
  return std::max(static_cast<double>(batches) * part.clash, static_cast<double>(by_pieces));
}

double MemoryChannel::lost_cycles(const ChannelPart& part, double turning) {
  const double hidden = turning + unused_turning_;
  unused_turning_ = std::clamp(hidden - part.opening_cycles, 0.0, std::max(turning, unused_turning_));
  return turning + std::max(0.0, part.opening_cycles - hidden) + part.gather_cycles;
}

double MemoryChannel::transfer_cycles(const ChannelPart& part) const {
  return static_cast<double>(part.bytes) / std::min(bytes_per_cycle_, peak_of_one_ * part.reached);
}

/// When the part's last byte is through, if the bus takes up its first at `begin`. With banks only.
double MemoryChannel::move(const ChannelPart& part, double begin) {
  const std::uint64_t page = memory_.page.value();
  const auto arrived = static_cast<double>(part.ready - began_);
  double bus = begin;
  for (const ChannelRun& run : part.runs) {
    for (std::uint64_t at = run.address; at < run.address + run.bytes;) {
      const std::uint64_t row = at / page, end = std::min(run.address + run.bytes, (row + 1) * page);
      bus = std::max(bus, open_row(row, arrived)) + static_cast<double>(end - at) / bytes_per_cycle_;
      banks_[row % banks_.size()].through = bus;
      at = end;
    }
  }
  return bus;
}

/// When row `row` is open, asked for by a part that is there since `arrived`.
double MemoryChannel::open_row(std::uint64_t row, double arrived) {
  Bank& bank = banks_[row % banks_.size()];
  if (bank.open && bank.row == row) return bank.opened + row_open_;
  bank.opened = std::max({arrived, bank.through, bank.opened + row_cycle_, last_opening_ + activate_gap_});
  bank.open = true;
  bank.row = row;
  last_opening_ = bank.opened;
  ++rows_opened_;
  return bank.opened + row_open_;
}

}  // namespace nibble
