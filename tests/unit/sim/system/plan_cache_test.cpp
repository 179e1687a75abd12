// Proves: a cached plan is the planner's own, and another step, timing or switch has another one.
#include "sim/system/plan_cache.hpp"

#include <gtest/gtest.h>

#include "sim/mapper/operation_key.hpp"
#include "sim/system/simulate.hpp"

namespace nibble {
namespace {

std::string text_of(const ResidencyPlan& plan) {
  std::string text;
  for (const OperationResidency& operation : plan.operations) text += residency_key(operation) + "\n";
  return text;
}

Step resnet18_inference(const SimulationInputs& inputs, std::uint64_t batch) {
  return lower(false, inputs.network, inputs.recipe, batch);
}

SimulationInputs inputs() {
  RunRequest request;
  request.network = "resnet18";
  request.recipe = "int4";
  request.training = false;
  return load_inputs(request);
}

TEST(PlanCache, GivesThePlannersOwnPlanAndMakesItOnce) {
  const SimulationInputs machine = inputs();
  const Step step = resnet18_inference(machine, 4);
  PlanCache cache;
  const ResidencyPlan& made = cache.plan("timing", step, machine.accelerator, true);
  EXPECT_EQ(text_of(made), text_of(plan_residency(step, machine.accelerator, true)));
  EXPECT_GT(made.saved.value(), 0U);
  EXPECT_EQ(&cache.plan("timing", step, machine.accelerator, true), &made);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(PlanCache, TellsStepsTimingsAndSwitchesApart) {
  const SimulationInputs machine = inputs();
  PlanCache cache;
  const Step four = resnet18_inference(machine, 4), one = resnet18_inference(machine, 1);
  const std::string held = text_of(cache.plan("timing", four, machine.accelerator, true));
  EXPECT_NE(text_of(cache.plan("timing", four, machine.accelerator, false)), held);
  EXPECT_NE(text_of(cache.plan("timing", one, machine.accelerator, true)), held);
  Accelerator small = machine.accelerator;
  small.core.l1.capacity = Bytes{256 * 1024};
  EXPECT_NE(text_of(cache.plan("another", four, small, true)), held);
  EXPECT_EQ(cache.size(), 4U);
}

TEST(PlanCache, HoldsNoMoreThanItsCapacity) {
  const SimulationInputs machine = inputs();
  const Step step = resnet18_inference(machine, 1);
  PlanCache cache{2};
  for (const char* timing : {"a", "b", "c"}) (void)cache.plan(timing, step, machine.accelerator, false);
  EXPECT_EQ(cache.size(), 1U);
}

}  // namespace
}  // namespace nibble
