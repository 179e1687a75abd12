// Proves: a run is its step, so many times; a part-filled batch is a step.
#include "models/carbon/training_run.hpp"

#include <gtest/gtest.h>

namespace nibble {
namespace {

TEST(TrainingSteps, APartFilledBatchIsAStep) {
  EXPECT_DOUBLE_EQ(training_steps(1, 128, 64), 2);
  EXPECT_DOUBLE_EQ(training_steps(1, 129, 64), 3);
  EXPECT_DOUBLE_EQ(training_steps(90, 1281167, 256), 90 * 5005);  // ImageNet, 5004.6 batches
  EXPECT_DOUBLE_EQ(training_steps(0.5, 128, 64), 1);
}

TEST(TrainingRun, IsItsStepSoManyTimes) {
  Grid grid;
  grid.pue = 1.25;
  CarbonReport step;
  step.operational = GramsCo2e{2};
  step.embodied = GramsCo2e{0.5};
  step.total = GramsCo2e{2.5};
  const TrainingRun run = training_run(Seconds{0.25}, Joules{3.6e3}, step, 4000, grid);
  EXPECT_DOUBLE_EQ(run.steps, 4000);
  EXPECT_DOUBLE_EQ(run.time.value(), 1000);
  EXPECT_DOUBLE_EQ(run.kwh, 4 * 1.25);
  EXPECT_DOUBLE_EQ(run.operational.value(), 8000);
  EXPECT_DOUBLE_EQ(run.embodied.value(), 2000);
  EXPECT_DOUBLE_EQ(run.total.value(), 10000);
}

}  // namespace
}  // namespace nibble
