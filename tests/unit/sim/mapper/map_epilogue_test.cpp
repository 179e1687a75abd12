// Proves: the vector work behind a GEMM and its stores are dealt out exactly, statistics are added up among the cores that
// share them, and operands and results that stay in L1 are neither loaded nor stored.
#include "sim/mapper/mapper.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "sim/mapper/residency.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/unit/sim/mapper/mapped_program.hpp"

namespace nibble {
namespace {

using test::exchanges_of_sums;
using test::map_first;
using test::queue;
using test::small_machine;

/// A GEMM with a residual, per-channel parameters, a result and statistics.
Step step_with_epilogue() {
  Step step = test::empty_step(4);
  test::add_conv(step, {.batch = 4, .in_channels = 32, .out_channels = 64, .size = 14, .kernel = 3, .padding = 1});
  Operation& operation = step.operations.front();
  const std::uint64_t outputs = 4 * 14 * 14 * 64;
  operation.vector = {{"scale", Elements{outputs}, 1.5}, {"statistics", Elements{outputs}, 0.25001}};
  operation.reads.push_back(test::all_of(step, test::add_tensor(step, "residual", outputs)));
  operation.reads.push_back(test::all_of(step, test::add_tensor(step, "parameters", 128, "fp32")));
  operation.writes.push_back(test::all_of(step, test::add_tensor(step, "codes", outputs, "int4")));
  operation.writes.push_back(test::all_of(step, test::add_tensor(step, "statistics", 128, "fp32")));
  return step;
}

TEST(MapGemm, VectorWorkAndItsOperandsAreDealtOutExactly) {
  const Step step = step_with_epilogue();
  const Operation& operation = step.operations.front();
  std::uint64_t lane_ops = 0;
  for (const VectorWork& work : operation.vector) {
    lane_ops += static_cast<std::uint64_t>(
        std::llround(static_cast<double>(work.elements.value()) * work.lane_ops_per_element));
  }
  for (const CoreSplit split : {CoreSplit{.m = 4}, CoreSplit{.n = 4}, CoreSplit{.k = 4}, CoreSplit{.m = 2, .k = 2}}) {
    const KernelProgram program = map_first(step, small_machine(4), {}, {.split = split});
    const ProgramTotals sum = totals(program);
    EXPECT_EQ(sum.lane_ops, lane_ops);
    EXPECT_EQ(sum.memory_written, test::sum_of(operation.writes));
    EXPECT_GE(sum.memory_read, test::sum_of(operation.reads));
    Bytes written;
    for (std::size_t core = 0; core < 4; ++core) {
      for (const Instruction& work : queue(program, core, Unit::sfu)) written += work.l1_written;
    }
    EXPECT_EQ(written, test::sum_of(operation.writes));
  }
}

TEST(MapGemm, StatisticsAreAddedUpAmongTheCoresThatHaveTheSameChannels) {
  using ::testing::ElementsAre;
  using ::testing::Pair;
  Step step = step_with_epilogue();  // 64 channels, two sums of 4 bytes each
  step.operations[0].writes.back().summed = true;
  const auto exchanges = [&](const CoreSplit& split) {
    return exchanges_of_sums(map_first(step, small_machine(4), {}, {.split = split}));
  };
  EXPECT_THAT(exchanges({.m = 4}), ElementsAre(Pair(4u, 512u)));
  EXPECT_THAT(exchanges({.n = 4}), ElementsAre()) << "each core has its own channels";
  EXPECT_THAT(exchanges({.m = 2, .n = 2}), ElementsAre(Pair(2u, 256u), Pair(2u, 256u)));
  EXPECT_THAT(exchanges({.m = 2, .k = 2}), ElementsAre(Pair(4u, 512u))) << "k parts finish their own share of a tile";
  step.operations[0].writes.back() = test::all_of(step, test::add_tensor(step, "maximum", 1, "fp32"));
  step.operations[0].writes.back().summed = true;
  EXPECT_THAT(exchanges({.m = 2, .n = 2}), ElementsAre(Pair(4u, 4u))) << "one maximum of everything";
}

TEST(MapGemm, SmallOperandsOfTheVectorWorkComeOnce) {
  const Step step = step_with_epilogue();
  Accelerator machine = small_machine(4);
  machine.core.l1.capacity = Bytes{160 * 1024};  // many tiles
  const KernelProgram program = map_first(step, machine);
  const Bytes parameters = step.operations[0].reads[3].bytes;
  std::map<std::size_t, int> loads;
  for (std::size_t core = 0; core < 4; ++core) {
    ASSERT_GT(queue(program, core, Unit::sfu).size(), 1u);
    for (const Instruction& load : queue(program, core, Unit::load)) loads[core] += load.bytes == parameters ? 1 : 0;
    EXPECT_EQ(loads[core], 1) << "core " << core;
  }
}

TEST(MapGemm, ResidentOperandsAreNotLoadedAndHeldResultsNotStored) {
  Step step = test::empty_step(4);
  test::add_conv(step, {.batch = 4, .in_channels = 32, .out_channels = 64, .size = 14, .kernel = 3, .padding = 1});
  OperationResidency residency;
  residency.reads = {true, false};
  residency.held = residency.unstored = {true};
  residency.occupied = Bytes{300 * 1024};
  residency.by_sample = true;
  const Accelerator machine = small_machine(4);
  const KernelProgram program = map_first(step, machine, residency);
  EXPECT_EQ(totals(program).memory_read, step.operations[0].reads[1].bytes);
  EXPECT_EQ(totals(program).memory_written, Bytes{});
  Bytes slots;
  for (const Bytes slot : program.slots) slots += slot;
  EXPECT_LE(slots + residency.occupied, usable_l1(machine));
}

// Held tensors lie by sample over all cores: none may stay idle, even where the work is too small to need it.
TEST(MapGemm, BySampleUsesEveryCoreForItsOwnSamples) {
  for (const bool attention : {false, true}) {
    Step step = test::empty_step(8);
    Operation& operation = attention ? test::add_gemm(step, 2, 2, 2, 16) : test::add_gemm(step, 8, 1, 1);
    operation.gemm->b_is_weights = !attention;
    OperationResidency residency;
    residency.reads = {true, false};
    residency.by_sample = true;
    const KernelProgram program = map_first(step, small_machine(4), residency);
    for (std::size_t core = 0; core < 4; ++core) {
      Macs macs = totals(program).cores[core].macs;
      EXPECT_EQ(macs.value() * 4, operation.gemm->macs().value()) << "core " << core;
    }
  }
}

}  // namespace
}  // namespace nibble
