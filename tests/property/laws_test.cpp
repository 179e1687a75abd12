// Proves, over random networks, recipes and machines: a step obeys the laws of the design (the program checks them on
// every kernel and throws), repeats to the bit, does not depend on memoisation, and its parts add up to the whole.
#include <gtest/gtest.h>

#include "tests/support/forked.hpp"
#include "tests/support/random_inputs.hpp"

namespace nibble {
namespace {

constexpr std::uint64_t kCases = 60;

std::vector<double> numbers(const RunResult& run) {
  std::vector<double> all{static_cast<double>(run.cycles.value()), static_cast<double>(run.macs.value()),
                          static_cast<double>(run.array_cycles.total()), run.energy.total.value(),
                          static_cast<double>(run.activity.memory_read.value()),
                          static_cast<double>(run.activity.memory_written.value())};
  for (const OperationResult& operation : run.operations) {
    all.push_back(static_cast<double>(operation.kernel.cycles.value()));
    all.push_back(static_cast<double>(operation.kernel.array_cycles.compute));
  }
  return all;
}

std::vector<double> run_case(std::uint64_t seed, bool memoise) {
  return test::forked([&] {
    test::RandomInputs random{seed};
    const SimulationInputs inputs = random.inputs();
    RunRequest request;
    request.batch = random.pick({1, 3, 8});
    request.memoise = memoise;
    return numbers(simulate(request, inputs));
  });
}

TEST(Laws, HoldForRandomNetworksMachinesAndRecipes) {
  for (std::uint64_t seed = 1; seed <= kCases; ++seed) {
    SCOPED_TRACE(seed);
    std::vector<double> all;
    ASSERT_NO_THROW(all = run_case(seed, true));
    test::RandomInputs random{seed};
    const SimulationInputs inputs = random.inputs();
    const std::uint64_t batch = random.pick({1, 3, 8});
    const double forward = static_cast<double>(inputs.network.macs_per_sample().value() * batch);
    EXPECT_GE(all[1], 2 * forward);  // forward and weight gradients of every layer, input gradients of all but the first
    EXPECT_LE(all[1], 3 * forward);
    double cycles = 0;
    for (std::size_t i = 6; i < all.size(); i += 2) cycles += all[i];
    EXPECT_EQ(cycles, all[0]);
    EXPECT_EQ(all[2], all[0] * inputs.accelerator.cores * inputs.accelerator.core.corelets);
  }
}

TEST(Laws, TheSameInputsGiveTheSameResultToTheBit) {
  for (std::uint64_t seed = 100; seed < 110; ++seed) EXPECT_EQ(run_case(seed, true), run_case(seed, true)) << seed;
}

TEST(Laws, MemoisingEqualKernelsChangesNothing) {
  for (std::uint64_t seed = 200; seed < 215; ++seed) EXPECT_EQ(run_case(seed, true), run_case(seed, false)) << seed;
}

}  // namespace
}  // namespace nibble
