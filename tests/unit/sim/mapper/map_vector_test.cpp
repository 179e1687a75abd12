// Proves: vector work without a GEMM moves every byte once, is shared by all cores, adds up what all samples give, and fits
// small scratchpads.
#include "sim/mapper/mapper.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "models/base/error.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/unit/sim/mapper/mapped_program.hpp"

namespace nibble {
namespace {

using test::exchanges_of_sums;
using test::map_first;
using test::small_machine;

TEST(MapVector, MovesEverythingOnceAndSharesTheWork) {
  for (const std::uint64_t elements : {1u, 63u, 4096u, 100001u, 3211264u}) {
    for (const std::uint32_t cores : {1u, 3u, 4u}) {
      Step step = test::empty_step(4);
      const TensorId x = test::add_tensor(step, "x", elements), y = test::add_tensor(step, "y", elements, "int4");
      const TensorId z = test::add_tensor(step, "z", elements, "fp32");
      test::add_vector(step, {x, y}, {z}, elements, 2.5);
      const KernelProgram program = map_first(step, small_machine(cores));
      const ProgramTotals sum = totals(program);
      EXPECT_EQ(sum.memory_read, test::sum_of(step.operations[0].reads));
      EXPECT_EQ(sum.memory_written, test::sum_of(step.operations[0].writes));
      EXPECT_EQ(sum.lane_ops, static_cast<std::uint64_t>(std::llround(2.5 * static_cast<double>(elements))));
      if (elements < 4096) continue;
      for (const CoreTotals& core : sum.cores) {
        EXPECT_NEAR(static_cast<double>(core.loaded.value()),
                    static_cast<double>(sum.memory_read.value()) / cores, 4096) << elements << " over " << cores;
      }
    }
  }
}

TEST(MapVector, SumsOverAllSamplesAreAddedUpAmongTheCores) {
  using ::testing::ElementsAre;
  using ::testing::Pair;
  Step step = test::empty_step(4);
  const TensorId x = test::add_tensor(step, "x", 1 << 18);
  const TensorId sums = test::add_tensor(step, "sums", 128, "fp32");
  test::add_vector(step, {x}, {sums}, 1 << 18, 2);
  EXPECT_THAT(exchanges_of_sums(map_first(step, small_machine(4))), ElementsAre());
  step.operations[0].writes[0].summed = true;
  const KernelProgram program = map_first(step, small_machine(4));
  EXPECT_THAT(exchanges_of_sums(program), ElementsAre(Pair(4u, 512u)));
  EXPECT_EQ(totals(program).memory_written, Bytes{512}) << "each core stores its share of the whole";
  EXPECT_THAT(exchanges_of_sums(map_first(step, small_machine(1))), ElementsAre());
}

TEST(MapVector, ParametersAreReadOnceForAllCores) {
  Step step = test::empty_step(4);
  const TensorId x = test::add_tensor(step, "x", 1 << 20), p = test::add_tensor(step, "p", 512, "fp32");
  const TensorId y = test::add_tensor(step, "y", 1 << 20);
  test::add_vector(step, {x, p}, {y}, 1 << 20, 1);
  Accelerator machine = small_machine(4);
  const Bytes once = test::sum_of(step.operations[0].reads);
  EXPECT_EQ(totals(map_first(step, machine)).memory_read, once);
  machine.ring.multicast = false;
  EXPECT_EQ(totals(map_first(step, machine)).memory_read, once + step.tensors[p].size * 3);
}

TEST(MapVector, FitsSmallScratchpadsOrSaysThatItDoesNot) {
  Step step = test::empty_step(4);
  const TensorId x = test::add_tensor(step, "x", 1 << 20), y = test::add_tensor(step, "y", 1 << 20);
  test::add_vector(step, {x}, {y}, 1 << 20, 1);
  Accelerator machine = small_machine(4);
  machine.core.l1.capacity = Bytes{4096};
  EXPECT_EQ(totals(map_first(step, machine)).memory_read, step.tensors[x].size);
  machine.core.l1.capacity = Bytes{2};
  EXPECT_THROW((void)map_operation(step, 0, machine, {}, {}), InputError);
}

}  // namespace
}  // namespace nibble
