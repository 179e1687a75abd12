// Proves: the exchange takes what the textbook's alpha-beta formula says where nothing overlaps; it hides behind kernels
// where they leave room; all chips simulated and one that stands for all take the same time; bytes are conserved.
#include "sim/system/chip_system.hpp"

#include <gtest/gtest.h>

#include "tests/support/forked.hpp"

namespace nibble {
namespace {

using test::forked;

constexpr double kBytesPerCycle = 64;
constexpr double kLatency = 100;

Links links(Topology topology) { return {topology, BytesPerSecond{kBytesPerCycle * 1e9}, Seconds{kLatency * 1e-9}}; }

/// Backward kernels that make a gradient each, then updates that need them.
std::vector<TimelineKernel> step(const std::vector<std::uint64_t>& bytes, std::uint64_t kernel_cycles) {
  std::vector<TimelineKernel> kernels;
  for (std::uint32_t id = 0; id < bytes.size(); ++id) kernels.push_back({Cycles{kernel_cycles}, {{id, Bytes{bytes[id]}}}, {}});
  for (std::uint32_t id = 0; id < bytes.size(); ++id) kernels.push_back({Cycles{10}, {}, {id}});
  return kernels;
}

struct Took {
  double cycles = 0, waiting = 0, sent = 0, collectives = 0, added = 0;
};

Took simulate(Topology topology, std::uint32_t chips, std::uint32_t simulated, const std::vector<TimelineKernel>& kernels) {
  const std::vector<double> n = forked([&] {
    ChipSystem system{links(topology), Hertz{1e9}, chips, simulated};
    const SystemTimes times = system.run(kernels, kernels.size());
    return std::vector<double>{static_cast<double>(times.cycles.value()), static_cast<double>(times.waiting.value()),
                               static_cast<double>(times.sent.value()), static_cast<double>(times.collectives),
                               static_cast<double>(times.added.value())};
  });
  return {n[0], n[1], n[2], n[3], n[4]};
}

TEST(ChipSystem, AloneOnTheRingItTakesTheTextbooksTime) {
  for (const std::uint32_t chips : {2U, 3U, 4U, 8U, 64U, 1024U}) {
    const double bytes = 48.0 * 1024 * 1024;
    const Took took = simulate(Topology::ring, chips, 1, step({static_cast<std::uint64_t>(bytes)}, 1000));
    // alpha-beta: 2 (N - 1) steps of a latency and S / N bytes; both directions carry half of S.
    const double steps = 2.0 * (chips - 1);
    const double formula = steps * (kLatency + bytes / 2 / chips / kBytesPerCycle);
    EXPECT_NEAR(took.waiting, formula, steps + 1) << chips;  // each step ends with a cycle
    EXPECT_EQ(took.cycles, 1000 + took.waiting + 10);
    EXPECT_NEAR(took.sent, steps * bytes / chips, 2 * steps) << chips;
    EXPECT_NEAR(took.added, bytes * (chips - 1) / chips, 2.0 * chips) << chips;
  }
}

TEST(ChipSystem, FullyConnectedTakesTwoSteps) {
  for (const std::uint32_t chips : {2U, 8U, 64U}) {
    const double bytes = 64.0 * 1024 * 1024;
    const Took took = simulate(Topology::fully_connected, chips, 1, step({static_cast<std::uint64_t>(bytes)}, 1000));
    const double formula = 2 * (kLatency + bytes * (chips - 1) / chips / kBytesPerCycle);
    EXPECT_NEAR(took.waiting, formula, 3) << chips;
  }
}

TEST(ChipSystem, OneChipStandsForAll) {
  for (const Topology topology : {Topology::ring, Topology::fully_connected}) {
    for (const std::uint32_t chips : {2U, 3U, 5U, 8U}) {
      const std::vector<TimelineKernel> kernels = step({1000, 123457, 64, 999999, 31}, 700);
      const Took all = simulate(topology, chips, chips, kernels);
      const Took one = simulate(topology, chips, 1, kernels);
      EXPECT_EQ(all.cycles, one.cycles) << chips;
      EXPECT_EQ(all.waiting, one.waiting) << chips;
      EXPECT_EQ(all.sent, one.sent) << chips;
      EXPECT_EQ(all.collectives, one.collectives) << chips;
    }
  }
}

TEST(ChipSystem, AnExchangeHidesBehindTheBackwardPass) {
  // 4 chips: 6 steps of 100 + 6400 / 8 / 64 = 112.5 cycles, less than the kernels that follow; the last is exposed,
  // but for the first two updates, which need not wait for it.
  const Took took = simulate(Topology::ring, 4, 1, step({6400, 6400, 6400}, 1000));
  EXPECT_NEAR(took.waiting, 6 * 112.5 - 20, 7);
  EXPECT_EQ(took.collectives, 3);
}

TEST(ChipSystem, WhatPilesUpGoesTogether) {
  // The first exchange takes 6 x 1700 cycles; meanwhile all others become ready and share the second.
  const std::uint64_t large = 8 * 64 * 1600;
  const Took took = simulate(Topology::ring, 4, 1, step({large, 64, 64, 64, 64}, 1000));
  EXPECT_EQ(took.collectives, 2);
}

TEST(ChipSystem, AGradientThatNobodyMakesIsReported) {
  EXPECT_THROW(simulate(Topology::ring, 2, 1, {{Cycles{1}, {}, {0}}}), std::runtime_error);
}

}  // namespace
}  // namespace nibble
