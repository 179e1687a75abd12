// Proves: an exchange takes what its busiest segment carries and the hops of its longest way, on an open stretch of the
// ring and all round it; every core receives what the others have of its part, and bytes are counted by hops.
#include "sim/chip/psum_ring.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "sim/core/kernel_time.hpp"
#include "tests/support/forked.hpp"
#include "tests/support/small_machine.hpp"

namespace nibble {
namespace {

constexpr std::uint64_t kHop = 5;
constexpr double kBandwidth = 32;  // bytes a cycle

/// Cycles, byte hops, and the bytes that each of `members` received, of one exchange of `bytes` on a ring of eight.
std::vector<double> exchange(const std::vector<std::uint32_t>& members, std::uint64_t bytes) {
  return test::forked([&] {
    Accelerator machine = test::small_machine(8);
    machine.ring.hop_cycles = kHop;
    PsumRing ring{"psum_ring", machine};
    Instruction instruction;
    instruction.reduce = 1;
    instruction.reduce_cores = static_cast<std::uint32_t>(members.size());
    instruction.reduce_bytes = Bytes{bytes};
    sc_core::sc_event done{"done"};
    std::vector<const Bytes*> received;
    for (const std::uint32_t core : members) received.push_back(&ring.join(core, instruction, done));
    sc_core::sc_start();
    std::vector<double> numbers{static_cast<double>(kernel_now()), static_cast<double>(ring.byte_hops())};
    for (const Bytes* each : received) numbers.push_back(static_cast<double>(each->value()));
    return numbers;
  });
}

TEST(PsumRing, NeighboursSwapHalves) {
  const std::vector<double> got = exchange({2, 3}, 8192);
  EXPECT_EQ(got, (std::vector<double>{4096 / kBandwidth + kHop, 2 * 4096, 4096, 4096}));
}

TEST(PsumRing, AnOpenStretchIsCrossedFromEndToEnd) {
  const std::vector<double> got = exchange({1, 2, 3, 4}, 8192);
  // The outer segments carry three quarters towards the far cores; three hops.
  EXPECT_EQ(got[0], 0.75 * 8192 / kBandwidth + 3 * kHop);
  EXPECT_EQ(got[1], 3 * 8192);  // each of three segments: all of it but the part that either side keeps
}

TEST(PsumRing, CoresInBetweenPassItOn) {
  const std::vector<double> got = exchange({0, 5}, 8192);
  EXPECT_EQ(got[0], 4096 / kBandwidth + 5 * kHop);
  EXPECT_EQ(got[1], 2 * 4096 * 5);
}

TEST(PsumRing, AllCoresTogetherCloseTheRingAndTheFarthestAreHalfWayRound) {
  const std::vector<double> got = exchange({0, 1, 2, 3, 4, 5, 6, 7}, 8192);
  const double half = 8192.0 * 7 / 8 / 2;
  EXPECT_EQ(got[0], half / kBandwidth + 4 * kHop);
  EXPECT_EQ(got[1], 8 * 2 * half);
  for (std::size_t i = 2; i < got.size(); ++i) EXPECT_EQ(got[i], 2 * half);
}

}  // namespace
}  // namespace nibble
