// Proves: a tensor stays in L1 only where all that it needs holds (fit, samples or rows on the same cores, one writer); what is
// skipped is skipped for good (no one reads from memory what was not stored); whole steps map within L1 with and
// without residency, and residency only ever lowers their traffic, the more the larger L1 is.
#include "sim/mapper/residency.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "sim/mapper/mapper.hpp"
#include "sim/mapper/program_check.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/unit/sim/mapper/small_steps.hpp"

namespace nibble {
namespace {

using test::small_machine;

/// x -> y -> z, element by element.
Step chain(std::uint64_t batch, std::uint64_t elements) {
  Step step = test::empty_step(batch);
  const TensorId x = test::add_tensor(step, "x", elements), y = test::add_tensor(step, "y", elements);
  const TensorId z = test::add_tensor(step, "z", elements);
  test::add_vector(step, {x}, {y}, elements, 1);
  test::add_vector(step, {y}, {z}, elements, 1);
  return step;
}

TEST(PlanResidency, AResultThatIsReadAtOnceNeverTouchesMemory) {
  const Step step = chain(4, 64 * 1024);
  const ResidencyPlan plan = plan_residency(step, small_machine(4), true);
  ASSERT_EQ(plan.operations.size(), 2u);
  EXPECT_TRUE(plan.operations[0].held.at(0));
  EXPECT_FALSE(plan.operations[0].stored(0));
  EXPECT_TRUE(plan.operations[1].read_resident(0));
  EXPECT_GE(plan.operations[0].occupied, Bytes{16 * 1024 * 2});
  EXPECT_GE(plan.operations[1].occupied, Bytes{16 * 1024 * 2});
  EXPECT_EQ(plan.saved, Bytes{2 * 64 * 1024 * 2});
  // The step's last result has no reader: it goes to memory.
  EXPECT_TRUE(plan.operations[1].stored(0));
}

/// `steps` products of a state and the same weights, each followed by vector work that makes the next state.
Step recurrence(std::uint64_t batch, std::uint64_t units, std::size_t steps) {
  Step step = test::empty_step(batch);
  const TensorId weights = test::add_tensor(step, "weights", units * 4 * units, "fp16", true);
  for (std::size_t t = 0; t < steps; ++t) {
    Operation& product = test::add_gemm(step, batch, 4 * units, units);
    product.gemm->b = weights;
    product.reads[1] = test::all_of(step, weights);
    const TensorId sums = product.gemm->c, state = test::add_tensor(step, "state", batch * units);
    test::add_vector(step, {sums}, {state}, batch * 4 * units, 1);
  }
  return step;
}

TEST(PlanResidency, WeightsOfARecurrenceAreReadOnce) {
  const Accelerator machine = small_machine(4);
  const Step step = recurrence(1, 256, 5);
  const ResidencyPlan plan = plan_residency(step, machine, true);
  std::uint64_t reads = 0;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    const OperationResidency& residency = plan.operations[i];
    if (i + 1 < step.operations.size()) {
      EXPECT_EQ(residency.occupied, Bytes{256 * 1024 * 2 / 4}) << i;  // until the last product
    }
    const KernelProgram program = map_operation(step, i, machine, residency, {});
    check_program(program, machine);
    if (!step.operations[i].gemm) continue;
    EXPECT_TRUE(residency.by_columns);
    EXPECT_EQ(residency.read_resident(1), i > 0);
    const std::uint64_t bytes = totals(program).memory_read.value();
    EXPECT_EQ(bytes >= 256 * 1024 * 2, i == 0) << i;
    reads += bytes;
  }
  EXPECT_EQ(plan.saved, Bytes{4 * 256 * 1024 * 2});
  EXPECT_LT(reads, 2U * 256 * 1024 * 2);
}

TEST(PlanResidency, ConvolutionsOfOneWeightTensorMayReadDifferentPartsOfIt) {
  Step step = test::empty_step(1);
  test::Conv conv{.batch = 1, .in_channels = 256, .out_channels = 256, .size = 4, .kernel = 1};
  const TensorId weights = test::add_tensor(step, "weights", 4 * 256 * 256, "fp16", true);
  for (int phase = 0; phase < 2; ++phase) {
    Operation& operation = test::add_conv(step, conv);
    operation.gemm->b = operation.reads[1].tensor = weights;
  }
  for (const OperationResidency& residency : plan_residency(step, small_machine(4), true).operations) {
    EXPECT_FALSE(residency.by_columns);
  }
}

TEST(PlanResidency, WeightsThatAreTooLargeOrWorthLessThanTheSumsAreNotHeld) {
  EXPECT_EQ(plan_residency(recurrence(1, 1024, 5), small_machine(4), true).saved, Bytes{});  // 2 MiB a core
  for (const OperationResidency& residency : plan_residency(recurrence(512, 128, 5), small_machine(4), true).operations) {
    EXPECT_FALSE(residency.by_columns);
  }
}

TEST(PlanResidency, SwitchedOffEverythingGoesThroughMemory) {
  const Step step = chain(4, 64 * 1024);
  const ResidencyPlan plan = plan_residency(step, small_machine(4), false);
  for (const OperationResidency& residency : plan.operations) {
    EXPECT_FALSE(residency.read_resident(0));
    EXPECT_TRUE(residency.stored(0));
    EXPECT_EQ(residency.occupied, Bytes{});
  }
  EXPECT_EQ(plan.saved, Bytes{});
}

TEST(PlanResidency, WhatDoesNotFitIsNotHeld) {
  const Step step = chain(4, 4 * (std::uint64_t{2} << 20));  // 4 MiB a core, of 2 MiB
  EXPECT_EQ(plan_residency(step, small_machine(4), true).saved, Bytes{});
}

TEST(PlanResidency, FewerSamplesThanCoresLieOnNoCoreAsAWhole) {
  EXPECT_EQ(plan_residency(chain(2, 65536), small_machine(4), true).saved, Bytes{});
}

TEST(PlanResidency, AResultWithALateReaderIsStoredAsWell) {
  Step step = chain(4, 65536);
  for (int i = 0; i < 40; ++i) {
    const TensorId t = test::add_tensor(step, "t", std::uint64_t{16} << 20);
    test::add_vector(step, {t}, {test::add_tensor(step, "u", std::uint64_t{16} << 20)}, std::uint64_t{16} << 20, 1);
  }
  test::add_vector(step, {1}, {test::add_tensor(step, "v", 65536)}, 65536, 1);
  const ResidencyPlan plan = plan_residency(step, small_machine(4), true);
  EXPECT_TRUE(plan.operations[1].read_resident(0));
  EXPECT_TRUE(plan.operations[0].stored(0));
  EXPECT_FALSE(plan.operations.back().read_resident(0));
  EXPECT_EQ(plan.saved, Bytes{2 * 65536});
}

TEST(PlanResidency, SmallTensorsAreNotWorthSharingBySamples) {
  EXPECT_EQ(plan_residency(chain(4, 4096), small_machine(4), true).saved, Bytes{});
}

TEST(PlanResidency, SumsOverSamplesLieOnNoCore) {
  Step step = chain(4, 65536);
  step.operations[0].writes[0].summed = true;
  EXPECT_EQ(plan_residency(step, small_machine(4), true).saved, Bytes{});
}

TEST(PlanResidency, BatchesThatDoNotDivideLieUnevenly) {
  const Step step = chain(6, 6 * 16384);
  const Accelerator machine = small_machine(4);
  const ResidencyPlan plan = plan_residency(step, machine, true);
  EXPECT_FALSE(plan.operations[0].stored(0));
  EXPECT_TRUE(plan.operations[1].read_resident(0));
  EXPECT_EQ(plan.operations[0].occupied, Bytes{2 * 16384 * 2});  // two samples on the first core
  const KernelProgram program = map_operation(step, 0, machine, plan.operations[0], {});
  ASSERT_NO_THROW(check_program(program, machine));
  std::vector<std::uint64_t> lane_ops, loaded;
  for (const auto& core : program.cores) {
    lane_ops.push_back(0);
    loaded.push_back(0);
    for (const Instruction& work : core.units[static_cast<std::size_t>(Unit::sfu)]) lane_ops.back() += work.lane_ops;
    for (const Instruction& load : core.units[static_cast<std::size_t>(Unit::load)]) loaded.back() += load.bytes.value();
  }
  EXPECT_EQ(lane_ops, (std::vector<std::uint64_t>{2 * 16384, 2 * 16384, 16384, 16384}));
  EXPECT_EQ(loaded, (std::vector<std::uint64_t>{4 * 16384, 4 * 16384, 2 * 16384, 2 * 16384}));
}

TEST(PlanResidency, WhatTwoOperationsWriteIsNotHeld) {
  Step step = chain(4, 65536);
  test::add_vector(step, {0}, {1}, 65536, 1);
  EXPECT_EQ(plan_residency(step, small_machine(4), true).saved, Bytes{});
}

/// A convolution's input is made, and read by its forward pass and by the gradient of its weights.
TEST(PlanResidency, GradientsOfWeightsFindWhatStillLiesInL1) {
  Step step = test::empty_step(4);
  const test::Conv conv{.batch = 4, .in_channels = 16, .out_channels = 16, .size = 28, .kernel = 1};
  const TensorId source = test::add_tensor(step, "source", 4 * 16 * 28 * 28);
  const TensorId x = test::add_tensor(step, "x", 4 * 16 * 28 * 28);
  test::add_vector(step, {source}, {x}, 4 * 16 * 28 * 28, 1);
  for (const bool wgrad : {false, true}) {
    Operation& work = test::add_conv(step, conv, wgrad);
    work.gemm->a = x;
    work.reads[0] = test::all_of(step, x);
  }
  const ResidencyPlan plan = plan_residency(step, small_machine(4), true);
  EXPECT_FALSE(plan.operations[0].stored(0));
  EXPECT_TRUE(plan.operations[1].read_resident(0));
  EXPECT_TRUE(plan.operations[2].read_resident(0));
  EXPECT_EQ(plan.saved, step.tensors[x].size * 3);
  const KernelProgram program = map_operation(step, 2, small_machine(4), plan.operations[2], {});
  ASSERT_NO_THROW(check_program(program, small_machine(4)));
  EXPECT_EQ(totals(program).memory_read, step.operations[2].reads[1].bytes);
}

TEST(PlanResidency, ParametersStayInMemory) {
  Step step = chain(4, 65536);
  step.tensors[1].parameter = true;
  EXPECT_EQ(plan_residency(step, small_machine(4), true).saved, Bytes{});
}

/// Convolutions with vector work between them, and the gradients of their weights.
Step small_network(std::uint64_t batch) {
  Step step = test::empty_step(batch);
  std::vector<TensorId> saved;
  for (const std::uint64_t channels : {16u, 32u, 64u}) {
    Operation& conv = test::add_conv(
        step, {.batch = batch, .in_channels = channels, .out_channels = 2 * channels, .size = 14, .kernel = 3, .padding = 1});
    if (!saved.empty()) {
      conv.gemm->a = saved.back();
      conv.reads[0] = test::all_of(step, saved.back());
    }
    const TensorId y = conv.gemm->c;
    const std::uint64_t elements = step.tensors[y].elements.value();
    saved.push_back(test::add_tensor(step, "relu", elements));
    test::add_vector(step, {y}, {saved.back()}, elements, 2);
  }
  for (const std::uint64_t channels : {64u, 32u}) {
    Operation& wgrad = test::add_conv(
        step, {.batch = batch, .in_channels = channels, .out_channels = 2 * channels, .size = 14, .kernel = 3, .padding = 1}, true);
    saved.pop_back();
    wgrad.gemm->a = saved.back();
    wgrad.reads[0] = test::all_of(step, saved.back());
  }
  return step;
}

/// Two convolutions in a row, 56 x 56, 64 channels; the second with `kernel` taps a side.
Step two_convolutions(std::uint64_t kernel) {
  Step step = test::empty_step(1);
  const TensorId y =
      test::add_conv(step, {.batch = 1, .in_channels = 64, .out_channels = 64, .size = 56, .kernel = 1}).gemm->c;
  Operation& second = test::add_conv(
      step, {.batch = 1, .in_channels = 64, .out_channels = 64, .size = 56, .kernel = kernel, .padding = kernel / 2});
  second.gemm->a = y;
  second.reads[0] = test::all_of(step, y);
  return step;
}

Accelerator roomy_machine() {
  Accelerator machine = small_machine(4);
  machine.core.l1.capacity = Bytes{std::uint64_t{4} << 20};
  machine.ring.multicast = true;
  return machine;
}

TEST(PlanResidency, OneSampleLiesOnTheCoresByRowsAndWindowsFetchTheirHalo) {
  const ResidencyPlan plan = plan_residency(two_convolutions(3), roomy_machine(), true);
  EXPECT_FALSE(plan.operations[0].stored(0));
  ASSERT_TRUE(plan.operations[1].read_resident(0));
  // 14 rows a core: one row from each neighbour, none beyond the image. A row is 56 pixels x 64 channels x 2 bytes.
  const std::vector<RowFetch>& fetches = plan.operations[1].fetches;
  ASSERT_EQ(fetches.size(), 6u);
  for (const RowFetch& fetch : fetches) {
    EXPECT_EQ(fetch.core > fetch.source ? fetch.core - fetch.source : fetch.source - fetch.core, 1u);
    EXPECT_EQ(fetch.bytes, Bytes{56 * 64 * 2});
  }
}

TEST(PlanResidency, WindowsOfOnePixelFetchNothing) {
  const ResidencyPlan plan = plan_residency(two_convolutions(1), roomy_machine(), true);
  EXPECT_TRUE(plan.operations[1].read_resident(0));
  EXPECT_TRUE(plan.operations[1].fetches.empty());
}

TEST(PlanResidency, HalosMoveFromCoreToCoreAndNotThroughMemory) {
  const Step step = two_convolutions(3);
  const Accelerator machine = roomy_machine();
  const ResidencyPlan plan = plan_residency(step, machine, true);
  const KernelProgram program = map_operation(step, 1, machine, plan.operations[1], {});
  ASSERT_NO_THROW(check_program(program, machine));
  Bytes fetched;
  for (const auto& core : program.cores) {
    for (const Instruction& load : core.units[static_cast<std::size_t>(Unit::load)]) {
      if (load.source) fetched += load.bytes;
    }
  }
  EXPECT_EQ(fetched, Bytes{6 * 56 * 64 * 2});
  EXPECT_EQ(totals(program).memory_read, step.operations[1].reads[1].bytes);  // the weights, once
}

struct Traffic {
  Bytes read, written;
  [[nodiscard]] Bytes sum() const { return read + written; }
};

/// Maps all of a step; checks each program and its bytes against what is not resident.
Traffic map_all(const Step& step, const Accelerator& machine, bool enabled) {
  const ResidencyPlan plan = plan_residency(step, machine, enabled);
  Traffic traffic;
  std::set<TensorId> only_in_l1;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    const Operation& operation = step.operations[i];
    const OperationResidency& residency = plan.operations[i];
    const KernelProgram program = map_operation(step, i, machine, residency, {});
    check_program(program, machine);
    Bytes slots, reads, writes;
    for (const Bytes slot : program.slots) slots += slot;
    EXPECT_LE(slots + residency.occupied, usable_l1(machine)) << operation.layer;
    for (std::size_t use = 0; use < operation.reads.size(); ++use) {
      if (residency.read_resident(use)) continue;
      EXPECT_FALSE(only_in_l1.contains(operation.reads[use].tensor)) << "read from memory, but never stored";
      reads += operation.reads[use].bytes;
    }
    for (std::size_t use = 0; use < operation.writes.size(); ++use) {
      if (residency.stored(use)) writes += operation.writes[use].bytes;
      if (!residency.stored(use)) only_in_l1.insert(operation.writes[use].tensor);
    }
    const ProgramTotals sum = totals(program);
    EXPECT_GE(sum.memory_read, reads) << operation.layer;
    EXPECT_EQ(sum.memory_written, writes) << operation.layer;
    traffic.read += sum.memory_read;
    traffic.written += sum.memory_written;
  }
  return traffic;
}

TEST(PlanResidency, LowersTheTrafficOfAStep) {
  const Step step = small_network(8);
  const Accelerator machine = small_machine(4);
  const Traffic with = map_all(step, machine, true), without = map_all(step, machine, false);
  EXPECT_LT(with.sum(), without.sum());
}

TEST(PlanResidency, TrafficOfAStepNeverRisesAsL1Grows) {
  for (const std::uint64_t batch : {4u, 16u}) {
    const Step step = small_network(batch);
    Bytes before{std::numeric_limits<std::uint64_t>::max() / 2};
    for (std::uint64_t kibibytes = 128; kibibytes <= 16384; kibibytes += kibibytes / 3) {
      Accelerator machine = small_machine(4);
      machine.core.l1.capacity = Bytes{kibibytes * 1024};
      const Bytes traffic = map_all(step, machine, true).sum();
      EXPECT_LE(traffic, before + Bytes{4096}) << kibibytes << " KiB, batch " << batch;  // tile ends round up
      before = traffic;
    }
  }
}

}  // namespace
}  // namespace nibble
