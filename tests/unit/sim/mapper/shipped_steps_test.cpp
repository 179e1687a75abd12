// Proves: the operations of real networks, in training and inference, map to programs that the machine can run, with each
// MAC once and all bytes that are not resident moved.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/mapper/mapper.hpp"
#include "sim/mapper/program_check.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {
namespace {

struct StepCase {
  const char* network;
  const char* accelerator;
  const char* recipe;
  std::uint64_t batch;
  bool training;
};

class ShippedStep : public testing::TestWithParam<StepCase> {};

TEST_P(ShippedStep, MapsToRunnablePrograms) {
  const StepCase& run = GetParam();
  const Network network = load_network(run.network);
  const Recipe recipe = load_recipe(run.recipe);
  const Accelerator machine = load_accelerator(run.accelerator);
  const Step step = run.training ? lower_training_step(network, recipe, run.batch)
                                 : lower_inference(network, recipe, run.batch);
  const ResidencyPlan plan = plan_residency(step, machine, true);
  ASSERT_EQ(plan.operations.size(), step.operations.size());
  Macs macs;
  std::set<TensorId> only_in_l1;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    const Operation& operation = step.operations[i];
    const OperationResidency& residency = plan.operations[i];
    SCOPED_TRACE(operation.layer + " " + to_string(operation.pass));
    const KernelProgram program = map_operation(step, i, machine, residency, {});
    ASSERT_NO_THROW(check_program(program, machine));
    const ProgramTotals sum = totals(program);
    Bytes reads, writes, slots;
    for (std::size_t use = 0; use < operation.reads.size(); ++use) {
      if (residency.read_resident(use)) continue;
      reads += operation.reads[use].bytes;
      EXPECT_FALSE(only_in_l1.contains(operation.reads[use].tensor)) << step.tensors[operation.reads[use].tensor].name;
    }
    for (std::size_t use = 0; use < operation.writes.size(); ++use) {
      if (residency.stored(use)) writes += operation.writes[use].bytes;
      if (!residency.stored(use)) only_in_l1.insert(operation.writes[use].tensor);
    }
    for (const Bytes slot : program.slots) slots += slot;
    EXPECT_LE(slots + residency.occupied, usable_l1(machine));
    EXPECT_GE(sum.memory_read, reads);
    EXPECT_EQ(sum.memory_written, writes);
    macs += sum.macs;
  }
  EXPECT_EQ(macs, step.macs());
}

INSTANTIATE_TEST_SUITE_P(
    All, ShippedStep,
    testing::Values(StepCase{"resnet50", "rapid", "hfp8", 64, true}, StepCase{"resnet50", "rapid-fp4", "fp4", 64, true},
                    StepCase{"resnet50", "rapid-fp32", "fp32", 64, true}, StepCase{"resnet50", "rapid", "int4", 1, false},
                    StepCase{"resnet18", "rapid", "fp16", 6, true}, StepCase{"vgg16", "rapid", "hfp8", 16, true},
                    StepCase{"mobilenetv2", "rapid", "hfp8", 32, true}, StepCase{"bert-base", "rapid", "hfp8", 8, true},
                    StepCase{"lstm-ptb", "rapid", "hfp8", 20, true}),
    [](const testing::TestParamInfo<StepCase>& tested) {
      std::string name = std::string{tested.param.network} + "_" + tested.param.accelerator + "_" + tested.param.recipe + "_" +
                         std::to_string(tested.param.batch);
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

}  // namespace
}  // namespace nibble
