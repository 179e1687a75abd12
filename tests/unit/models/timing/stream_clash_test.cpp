// Proves: how a stream that is read and one that is written meet in the banks: shares counted by hand, none outside its bounds.
#include "models/timing/stream_clash.hpp"

#include <gtest/gtest.h>

namespace nibble {
namespace {

Memory banks() {
  Memory memory;
  memory.displaced_clash = 0.5;
  memory.chained_clash = 2;
  memory.bank_span = Bytes{256 * 1024};
  return memory;
}

TEST(StreamClash, ColumnsThatCoverAllBanksMeetByTheirShift) {
  const Bytes column{256 * 1024};
  EXPECT_DOUBLE_EQ(displaced_clash(banks(), column, Bytes{32 * 1024}), 0.5 + 0.5 * 4 / 8 * 7 / 8);
  EXPECT_DOUBLE_EQ(displaced_clash(banks(), column, Bytes{224 * 1024}), 0.5 + 0.5 * 4 / 8 * 7 / 8) << "as far behind as ahead";
  EXPECT_DOUBLE_EQ(displaced_clash(banks(), column, Bytes{128 * 1024}), 1);
  EXPECT_DOUBLE_EQ(displaced_clash(banks(), column, Bytes{0}), 0.5 + 0.5 / 3) << "parted by time alone";
  EXPECT_DOUBLE_EQ(displaced_clash(banks(), column, Bytes{256 * 1024}), 0.5 + 0.5 / 3) << "a whole turn through the banks";
}

TEST(StreamClash, ShortColumnsMeetUnlessAPartOfOneLiesBetween) {
  const Bytes column{64 * 1024};
  EXPECT_DOUBLE_EQ(displaced_clash(banks(), column, Bytes{0}), 1);
  EXPECT_DOUBLE_EQ(displaced_clash(banks(), column, column), 1);
  EXPECT_DOUBLE_EQ(displaced_clash(banks(), column, Bytes{8 * 1024}), 0.5 + 0.5 * 4 / 8 * 7 / 8);
}

TEST(StreamClash, NoStepFromHalfOfTheBanksToAllOfThem) {
  double last = 1;
  for (std::uint64_t rows = 1024; rows <= 2048; rows += 64) {
    const double share = displaced_clash(banks(), Bytes{rows * 128}, Bytes{0});
    EXPECT_LE(share, last);
    EXPECT_GE(share, last - 0.025) << rows << " rows";
    last = share;
  }
  EXPECT_DOUBLE_EQ(last, 0.5 + 0.5 / 3);
}

TEST(StreamClash, LongColumnsMeetTheMoreTheLongerTheyAre) {
  EXPECT_DOUBLE_EQ(displaced_clash(banks(), Bytes{8 * 256 * 1024}, Bytes{0}), 1 - 0.5 * 2 / 3 / 2);
  double last = 0;
  for (std::uint64_t column = 256 * 1024; column < (1U << 30); column *= 2) {
    const double share = displaced_clash(banks(), Bytes{column}, Bytes{0});
    EXPECT_GT(share, last);
    EXPECT_LE(share, 1);
    last = share;
  }
}

TEST(StreamClash, ChainsMeetTwiceAsOftenInFewBanks) {
  EXPECT_DOUBLE_EQ(chained_clash(banks(), Bytes{256 * 1024}), 2);
  EXPECT_DOUBLE_EQ(chained_clash(banks(), Bytes{1024 * 1024}), 2);
  EXPECT_DOUBLE_EQ(chained_clash(banks(), Bytes{128 * 1024}), 3);
}

TEST(StreamClash, AMemoryWithoutASpanHasTheSharesThemselves) {
  Memory memory = banks();
  memory.bank_span = Bytes{0};
  EXPECT_DOUBLE_EQ(displaced_clash(memory, Bytes{64 * 1024}, Bytes{0}), 0.5);
  EXPECT_DOUBLE_EQ(chained_clash(memory, Bytes{64 * 1024}), 2);
}

}  // namespace
}  // namespace nibble
