// Proves: a channel serves random accesses to its rows as a second implementation does that steps cycle by cycle through
// bus and banks; rows that are open cost nothing, rows of other banks open behind the bus.
#include "sim/chip/memory_channel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/support/small_machine.hpp"

namespace nibble {
namespace {

/// A byte a cycle, at 1 GHz.
Memory slow_channel() {
  Memory memory = test::small_machine().memory;
  memory.bandwidth = BytesPerSecond{1e9};
  memory.banks = 4;
  memory.page = Bytes{256};
  memory.row_open = Seconds{28e-9};
  memory.row_cycle = Seconds{48e-9};
  memory.activate_gap = Seconds{8e-9};
  return memory;
}

ChannelPart part_of(std::uint64_t ready, std::vector<ChannelRun> runs) {
  ChannelPart part;
  part.ready = ready;
  for (const ChannelRun& run : runs) part.bytes += run.bytes;
  part.runs = std::move(runs);
  return part;
}

/// When each part is through, and how many rows were opened.
struct Outcome {
  std::vector<std::uint64_t> ends;
  std::uint64_t rows = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome served(const std::vector<ChannelPart>& parts) {
  MemoryChannel channel{slow_channel(), 1};
  channel.set_core_clock(Hertz{1e9});
  channel.reset(0);
  for (const ChannelPart& part : parts) channel.push(part);
  Outcome outcome;
  for (std::uint64_t now = 0; !channel.idle();) {
    now = channel.next(now);
    MemoryChannel::Served one;
    EXPECT_TRUE(channel.serve(now, false, one));
    outcome.ends.push_back(static_cast<std::uint64_t>(one.end));
  }
  outcome.rows = channel.rows_opened();
  return outcome;
}

/// One row's worth of an access.
struct Access {
  std::size_t part = 0;
  std::uint64_t ready = 0, bank = 0, row = 0, bytes = 0;
  std::int64_t opened = -1;  ///< cycle of its row's opening
};

/// The same, cycle by cycle: each cycle may open the row of the first access that has none, if the rules allow, and moves
/// one byte of the first access that is not through, if its row is open.
class Stepped {
 public:
  explicit Stepped(const std::vector<ChannelPart>& parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      for (const ChannelRun& run : parts[i].runs) {
        for (std::uint64_t at = run.address; at < run.address + run.bytes;) {
          const std::uint64_t row = at / kPage, end = std::min(run.address + run.bytes, (row + 1) * kPage);
          accesses_.push_back({i, parts[i].ready, row % kBanks, row, end - at});
          at = end;
        }
      }
    }
    outcome_.ends.resize(parts.size());
  }

  Outcome run() {
    for (std::int64_t now = 0; first_ < accesses_.size(); ++now) {
      while (try_open(now)) {
      }
      move_byte(now);
    }
    return outcome_;
  }

 private:
  static constexpr std::uint64_t kPage = 256, kBanks = 4;
  static constexpr std::int64_t kOpen = 28, kCycle = 48, kGap = 8;

  bool try_open(std::int64_t now) {
    if (opening_ == accesses_.size()) return false;
    Access& access = accesses_[opening_];
    std::int64_t& last = last_of_bank_[access.bank];
    if (now < static_cast<std::int64_t>(access.ready)) return false;
    if (has_open_[access.bank] && open_row_[access.bank] == access.row) {
      access.opened = last;
    } else {
      const bool in_use = std::any_of(accesses_.begin() + static_cast<std::ptrdiff_t>(first_),
                                      accesses_.begin() + static_cast<std::ptrdiff_t>(opening_),
                                      [&](const Access& earlier) { return earlier.bank == access.bank; });
      if (in_use || now < last + kCycle || now < last_ + kGap) return false;
      access.opened = last = last_ = now;
      has_open_[access.bank] = true;
      open_row_[access.bank] = access.row;
      ++outcome_.rows;
    }
    ++opening_;
    return true;
  }

  void move_byte(std::int64_t now) {
    Access& access = accesses_[first_];
    if (first_ >= opening_ || now < access.opened + kOpen || now < static_cast<std::int64_t>(access.ready)) return;
    if (--access.bytes > 0) return;
    outcome_.ends[access.part] = static_cast<std::uint64_t>(now) + 1;
    ++first_;
  }

  std::vector<Access> accesses_;
  std::size_t first_ = 0, opening_ = 0;  ///< not through; without a row
  std::int64_t last_ = -1000, last_of_bank_[kBanks] = {-1000, -1000, -1000, -1000};
  bool has_open_[kBanks] = {};
  std::uint64_t open_row_[kBanks] = {};
  Outcome outcome_;
};

TEST(MemoryChannel, ServesRandomAccessesAsACycleByCycleModelDoes) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random{seed};
    const auto draw = [&](std::uint64_t below) { return random() % below; };
    std::vector<ChannelPart> parts;
    std::uint64_t ready = 0;
    for (std::uint64_t i = 0; i < 12; ++i) {
      ready += draw(2) * draw(100);
      std::vector<ChannelRun> runs;
      for (std::uint64_t r = 0; r <= draw(4); ++r) runs.push_back({draw(40) * 64, 64 * (1 + draw(8))});
      parts.push_back(part_of(ready, std::move(runs)));
    }
    EXPECT_EQ(served(parts), Stepped{parts}.run()) << "seed " << seed;
  }
}

TEST(MemoryChannel, AStreamHidesTheOpeningOfItsNextRows) {
  const Outcome outcome = served({part_of(0, {{0, 4 * 256}})});
  EXPECT_EQ(outcome.ends.front(), 28U + 4 * 256);
  EXPECT_EQ(outcome.rows, 4U);
}

TEST(MemoryChannel, RowsOfOneBankWaitForItsCycle) {
  // Rows 0, 4 and 8 lie in bank 0.
  const Outcome outcome = served({part_of(0, {{0, 8}, {4 * 256, 8}, {8 * 256, 8}})});
  EXPECT_EQ(outcome.ends.front(), 2 * 48U + 28 + 8);
}

}  // namespace
}  // namespace nibble
