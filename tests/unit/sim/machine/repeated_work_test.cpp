// Proves: instructions are equal work only if all but their ids is, ids must move on evenly, and the periods that may be left
// out end one before the work changes.
#include "sim/chip/repeated_work.hpp"

#include <gtest/gtest.h>

namespace nibble {
namespace {

/// Loads of `sizes` in turn, `count` in all; the i-th is multicast number first_id + i, if that is not 0.
std::vector<Instruction> loads(std::initializer_list<std::uint64_t> sizes, std::size_t count, std::uint32_t first_id = 0) {
  std::vector<Instruction> queue;
  for (std::size_t i = 0; i < count; ++i) {
    Instruction load;
    load.bytes = Bytes{sizes.begin()[i % sizes.size()]};
    load.multicast = first_id == 0 ? 0 : first_id + static_cast<std::uint32_t>(i);
    queue.push_back(load);
  }
  return queue;
}

TEST(RepeatedWork, IdsMayMoveOnEvenly) {
  IdSteps steps;
  Instruction first, later, odd, alone;
  first.multicast = 5;
  later.multicast = 8;
  odd.multicast = 9;
  EXPECT_TRUE(same_work(first, later, steps));
  EXPECT_EQ(steps.multicast, 3U);
  EXPECT_FALSE(same_work(first, odd, steps));
  EXPECT_FALSE(same_work(first, alone, steps)) << "a multicast is not a load of one core";
}

TEST(RepeatedWork, EveryKindOfWorkCounts) {
  const auto differs = [](auto change) {
    Instruction first, later;
    change(later);
    IdSteps steps;
    return !same_work(first, later, steps);
  };
  EXPECT_TRUE(differs([](Instruction& i) { i.bytes = Bytes{1}; }));
  EXPECT_TRUE(differs([](Instruction& i) { i.waits.push_back(1); }));
  EXPECT_TRUE(differs([](Instruction& i) { i.frees.push_back(1); }));
  EXPECT_TRUE(differs([](Instruction& i) { i.pitch = Bytes{1}; }));
  EXPECT_TRUE(differs([](Instruction& i) { i.source = 0; }));
  EXPECT_TRUE(differs([](Instruction& i) { i.accumulate = true; }));
  EXPECT_TRUE(differs([](Instruction& i) { i.k = 1; }));
  EXPECT_TRUE(differs([](Instruction& i) { i.lane_waits = 1; }));
  EXPECT_TRUE(differs([](Instruction& i) { i.reduce_bits = 1; }));
}

TEST(RepeatedWork, TheLastPeriodIsKept) {
  IdSteps steps;
  EXPECT_EQ(periods_ahead(loads({1, 2}, 20), 10, 2, steps), 4U);
  EXPECT_EQ(periods_ahead(loads({1, 2}, 13), 10, 2, steps), 0U);
}

TEST(RepeatedWork, OtherWorkEndsTheRepetition) {
  IdSteps steps;
  std::vector<Instruction> queue = loads({1, 2}, 40);
  queue[26].bytes = Bytes{7};
  EXPECT_EQ(periods_ahead(queue, 10, 2, steps), 7U) << "16 of the 30 instructions ahead are as before, less one period";
  EXPECT_EQ(periods_ahead(queue, 28, 2, steps), 0U) << "what is other lies behind, but not far enough";
}

TEST(RepeatedWork, IdsOfAQueueTellTheStep) {
  IdSteps steps;
  EXPECT_EQ(periods_ahead(loads({1, 2, 3}, 33, 100), 9, 3, steps), 7U);
  EXPECT_EQ(steps.multicast, 3U);
}

}  // namespace
}  // namespace nibble
