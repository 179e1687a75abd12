// Proves: a slice of L0 hands words out in order whatever banks, write buffer and read register do with them; a bank serves
// one access a cycle, a read before a write; a full write buffer takes no more; lines are written and read once.
#include "sim/detailed/l0_slice.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/forked.hpp"

namespace nibble::detailed {
namespace {

OperandWord word(std::uint64_t row, std::size_t codes = 1) {
  OperandWord made;
  made.beat.valid = true;
  made.beat.row = row;
  made.codes.assign(codes, static_cast<std::uint32_t>(row));
  return made;
}

/// Lines of four words of one 16-bit code.
struct Fixture {
  L0Slice slice{"l0", 64, 16};
  std::uint64_t filled = 0, driven = 0;

  void fill(std::uint64_t words) {
    for (; words > 0; --words) slice.fill(word(filled++));
  }
  /// Whether the next word, with the right code, was there.
  bool drive() {
    const std::uint64_t bits = slice.drive(word(driven).beat);
    return bits == 16 && slice.bus().codes[0] == driven++;
  }
};

TEST(L0Slice, ReadsAndWritesMeetInOneBankOnlyInTurn) {
  const std::vector<double> seen = test::forked([] {
    Fixture f;
    f.fill(8);
    f.slice.end_cycle();  // a line into either bank
    bool right = true;
    f.fill(4);            // a third one, for the bank that is now read
    right = right && f.drive();
    f.slice.end_cycle();
    const double writes = static_cast<double>(f.slice.accesses().line_writes);
    const double conflicts = static_cast<double>(f.slice.accesses().conflicts);
    right = right && f.drive();  // from the read register: the banks are free
    f.slice.end_cycle();
    return std::vector<double>{writes, conflicts, static_cast<double>(f.slice.accesses().line_writes),
                               static_cast<double>(f.slice.accesses().conflicts),
                               static_cast<double>(f.slice.accesses().line_reads), right ? 1.0 : 0.0};
  });
  EXPECT_EQ(seen, (std::vector<double>{2, 1, 3, 1, 1, 1}));
}

TEST(L0Slice, AWordWhoseLineIsNotFullComesFromTheWriteBuffer) {
  const std::vector<double> seen = test::forked([] {
    Fixture f;
    f.fill(2);
    f.slice.end_cycle();
    const bool right = f.drive() && f.drive();
    return std::vector<double>{right ? 1.0 : 0.0, static_cast<double>(f.slice.accesses().line_writes + f.slice.accesses().line_reads)};
  });
  EXPECT_EQ(seen, (std::vector<double>{1, 0}));
}

TEST(L0Slice, AFullWriteBufferTakesNoMore) {
  const std::vector<double> seen = test::forked([] {
    Fixture f;
    f.fill(16);
    const bool before = f.slice.busy();
    f.fill(1);
    const bool full = f.slice.busy();
    f.slice.end_cycle();
    return std::vector<double>{before ? 1.0 : 0.0, full ? 1.0 : 0.0, f.slice.busy() ? 1.0 : 0.0};
  });
  EXPECT_EQ(seen, (std::vector<double>{0, 1, 0}));
}

TEST(L0Slice, WordsThatDoNotFitBeginALine) {
  const std::vector<double> seen = test::forked([] {
    L0Slice slice{"l0", 64, 16};
    slice.fill(word(0, 3));
    slice.fill(word(1, 3));
    slice.fill(word(2, 1));  // beside the second
    slice.end_cycle();
    std::vector<double> rows{static_cast<double>(slice.accesses().line_writes)};
    for (std::uint64_t row = 0; row < 3; ++row) rows.push_back(static_cast<double>(slice.drive(word(row).beat)));
    return rows;
  });
  EXPECT_EQ(seen, (std::vector<double>{2, 48, 48, 16}));
}

TEST(L0Slice, KeepsTheOrderUnderAnyLoad) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    const std::vector<double> seen = test::forked([seed] {
      std::mt19937_64 generator{seed};
      Fixture f;
      bool right = true;
      for (int cycle = 0; cycle < 2000; ++cycle) {
        for (std::uint64_t words = generator() % 6; words > 0 && !f.slice.busy(); --words) f.fill(1);
        if (f.driven < f.filled && generator() % 4 != 0) right = right && f.drive();
        f.slice.end_cycle();
      }
      while (f.driven < f.filled) right = right && f.drive();
      const L0Accesses& all = f.slice.accesses();
      return std::vector<double>{right ? 1.0 : 0.0, static_cast<double>(all.line_writes - all.line_reads),
                                 all.line_writes > 100 && all.conflicts > 10 ? 1.0 : 0.0};
    });
    EXPECT_EQ(seen, (std::vector<double>{1, 0, 1})) << seed;
  }
}

}  // namespace
}  // namespace nibble::detailed
