// Proves: what crosses from core to core takes the shorter way, meets other traffic on it, and is counted by hops; cores that
// load alone share a direction at its slower rate, a single one does not, nor do multicasts.
#include "sim/chip/data_ring.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/small_machine.hpp"

namespace nibble {
namespace {

/// Eight cores, 128 B a cycle on segments and ports, two cycles a hop.
Accelerator eight_cores() {
  Accelerator machine = test::small_machine();
  machine.cores = 8;
  machine.ring.hop_cycles = 2;
  return machine;
}

constexpr std::uint64_t kBurst = 1280;  // ten cycles on a segment

TEST(DataRing, NeighboursAreOneHopApart) {
  DataRing ring{"ring", eight_cores()};
  // The request's hop, the burst's hop, then its ten cycles through the target's port.
  EXPECT_EQ(ring.between_cores(kBurst, 2, 3), 2U + 2U + 10U);
  EXPECT_EQ(ring.byte_hops(), kBurst);
}

TEST(DataRing, TheShorterWayMayPassTheMemory) {
  DataRing ring{"ring", eight_cores()};
  // Nine nodes: from core 7 past the memory to core 0 are two hops.
  EXPECT_EQ(ring.between_cores(kBurst, 7, 0), 2 * 2U + 2 * 2U + 10U);
  EXPECT_EQ(ring.byte_hops(), 2 * kBurst);
}

TEST(DataRing, CoresMeetTheMemorysTrafficOnTheSameSegments) {
  DataRing ring{"ring", eight_cores()};
  std::vector<std::uint64_t> arrivals;
  ring.from_memory(kBurst * 10, 0, 100, {2}, arrivals);  // holds the segment from core 1 to core 2 for 100 cycles
  const std::uint64_t behind = ring.between_cores(kBurst, 1, 2);
  EXPECT_GT(behind, 100U);
  EXPECT_EQ(ring.between_cores(kBurst, 5, 6), 14U) << "another segment is free";
}

TEST(DataRing, ASourceSendsOneBurstAtATime) {
  DataRing ring{"ring", eight_cores()};
  const std::uint64_t first = ring.between_cores(kBurst, 3, 4), second = ring.between_cores(kBurst, 3, 2);
  EXPECT_EQ(second, first + 10) << "other direction, same port";
}

/// When the last of ten bursts has come in that `cores` load in turn; all of them on the clockwise side.
std::uint64_t ten_bursts(DataRing& ring, const std::vector<std::vector<std::uint32_t>>& cores) {
  std::vector<std::uint64_t> arrivals;
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    ring.from_memory(kBurst, 0, 0, cores[i % cores.size()], arrivals);
    for (const std::uint64_t arrival : arrivals) last = std::max(last, arrival);
  }
  return last;
}

TEST(DataRing, CoresThatLoadAloneShareADirectionAtItsSlowerRate) {
  Accelerator machine = eight_cores();
  machine.ring.unicast_bandwidth = BytesPerCycle{64};
  DataRing one{"one", machine}, two{"two", machine}, both{"both", machine};
  const std::uint64_t alone = ten_bursts(one, {{0}});
  EXPECT_EQ(alone, 2U + 10 * 10U);
  // All but the first of the ten take twenty cycles.
  EXPECT_EQ(ten_bursts(two, {{0}, {1}}), 2U + 10U + 9 * 20U + 2U);
  EXPECT_EQ(ten_bursts(both, {{0, 1}}), 2U + 2U + 10 * 10U) << "a multicast passes once";
}

}  // namespace
}  // namespace nibble
