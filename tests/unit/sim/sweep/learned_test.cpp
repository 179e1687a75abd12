// Proves: what one process has simulated and planned, another one knows as it was, to the last count and bit.
#include <gtest/gtest.h>

#include "sim/mapper/operation_key.hpp"
#include "sim/sweep/evaluate.hpp"
#include "sim/system/simulate.hpp"
#include "tests/support/forked.hpp"

namespace nibble {
namespace {

RunRequest resnet18_at_batch_one() {
  RunRequest request;
  request.network = "resnet18";
  request.recipe = "int4";
  request.batch = 1;  // tensors lie by rows: plans have fetches
  request.training = false;
  return request;
}

TEST(Learned, AnotherProcessNeedsToSimulateAndPlanNothing) {
  const std::vector<double> counts = test::forked([]() -> std::vector<double> {
    const RunRequest request = resnet18_at_batch_one();
    SimulationInputs inputs = load_inputs(request);
    KernelCache first, second;
    inputs.kernels = &first;
    const RunResult own = simulate(request, inputs);
    const Json learned = take_learned(first);
    learn(second, Json::parse(learned.dump()));
    inputs.kernels = &second;
    const RunResult again = simulate(request, inputs);
    return {static_cast<double>(own.kernels_simulated), static_cast<double>(again.kernels_simulated),
            static_cast<double>(take_learned(second).size()), static_cast<double>(own.cycles.value()),
            static_cast<double>(again.cycles.value()), own.energy.total.value(), again.energy.total.value()};
  });
  EXPECT_GT(counts[0], 0);
  EXPECT_EQ(counts[1], 0);
  EXPECT_EQ(counts[2], 0);
  EXPECT_EQ(counts[3], counts[4]);
  EXPECT_EQ(counts[5], counts[6]);
}

TEST(Learned, PlansArriveAsTheyWere) {
  const SimulationInputs inputs = load_inputs(resnet18_at_batch_one());
  const Step step = lower(false, inputs.network, inputs.recipe, 1);
  KernelCache first, second;
  const ResidencyPlan plan = first.plans().plan("timing", step, inputs.accelerator, true);
  learn(second, Json::parse(take_learned(first).dump()));
  ASSERT_EQ(second.plans().size(), 1U);
  const ResidencyPlan& arrived = second.plans().plan("timing", step, inputs.accelerator, true);
  EXPECT_TRUE(second.plans().take_fresh().empty());
  EXPECT_EQ(arrived.saved, plan.saved);
  ASSERT_EQ(arrived.operations.size(), plan.operations.size());
  std::size_t fetches = 0;
  for (std::size_t i = 0; i < plan.operations.size(); ++i) {
    EXPECT_EQ(residency_key(arrived.operations[i]), residency_key(plan.operations[i]));
    fetches += plan.operations[i].fetches.size();
  }
  EXPECT_GT(fetches, 0U);
}

}  // namespace
}  // namespace nibble
