// Proves: more bandwidth, more cores or more scratchpad never make a step slower by more than the tolerance that
// sim/README.md documents, and traffic never rises with the scratchpad.
#include <gtest/gtest.h>

#include "tests/support/forked.hpp"
#include "tests/support/random_inputs.hpp"

namespace nibble {
namespace {

// Mappings are chosen by an estimate: a choice that is better by the estimate may be a little worse when simulated.
constexpr double kTolerance = 1.05;
// More cores also mean longer ways on the ring and smaller shares: layers too small for them may lose a little.
constexpr double kCoresTolerance = 1.10;

using Change = void (*)(Accelerator&, std::uint64_t);

std::vector<double> step(std::uint64_t seed, Change change, std::uint64_t amount) {
  return test::forked([&] {
    test::RandomInputs random{seed};
    SimulationInputs inputs = random.inputs();
    inputs.accelerator.cores = 4;
    change(inputs.accelerator, amount);
    RunRequest request;
    request.batch = 8;
    const RunResult run = simulate(request, inputs);
    return std::vector<double>{static_cast<double>(run.cycles.value()),
                               static_cast<double>((run.activity.memory_read + run.activity.memory_written).value())};
  });
}

void expect_monotone(Change change, std::initializer_list<std::uint64_t> amounts, bool traffic_too,
                     double tolerance = kTolerance) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    double cycles = 1e300, traffic = 1e300;
    for (const std::uint64_t amount : amounts) {
      const std::vector<double> now = step(seed, change, amount);
      EXPECT_LE(now[0], cycles * tolerance) << "seed " << seed << ", amount " << amount;
      if (traffic_too) {
        EXPECT_LE(now[1], traffic) << "seed " << seed << ", amount " << amount;
      }
      cycles = std::min(cycles, now[0]);
      traffic = std::min(traffic, now[1]);
    }
  }
}

TEST(Monotony, MoreMemoryBandwidthIsNeverSlower) {
  expect_monotone([](Accelerator& a, std::uint64_t gb) { a.memory.bandwidth = BytesPerSecond{static_cast<double>(gb) * 1e9}; },
                  {20, 50, 100, 200, 400}, false);
}

TEST(Monotony, MoreCoresAreNeverSlower) {
  expect_monotone([](Accelerator& a, std::uint64_t cores) { a.cores = static_cast<std::uint32_t>(cores); }, {1, 2, 4, 8},
                  false, kCoresTolerance);
}

TEST(Monotony, MoreScratchpadIsNeverSlowerAndMovesNoMore) {
  expect_monotone([](Accelerator& a, std::uint64_t kib) { a.core.l1.capacity = Bytes{kib * 1024}; },
                  {256, 512, 1024, 2048, 4096, 8192}, true);
}

}  // namespace
}  // namespace nibble
