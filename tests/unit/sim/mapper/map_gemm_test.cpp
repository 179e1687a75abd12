// Proves, over small and odd shapes, splits and scratchpad sizes: each mapped GEMM executes every MAC once, in output tiles
// that each get their whole reduction; moves what it must and, where nothing is re-read, no more; passes the program check;
// and moves no more as L1 grows.
#include "sim/mapper/mapper.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <limits>

#include "models/base/error.hpp"
#include "sim/mapper/gemm_space.hpp"
#include "sim/mapper/program_json.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/unit/sim/mapper/mapped_program.hpp"

namespace nibble {
namespace {

using test::Case;
using test::expect_whole_product;
using test::gemm_cases;
using test::map_first;
using test::queue;
using test::small_machine;

TEST(MapGemm, ExecutesEveryMacOnceAndMovesWhatItMust) {
  for (const Case& test_case : gemm_cases()) {
    for (const std::uint32_t cores : {1u, 3u, 4u}) {
      for (const std::uint64_t kibibytes : {128u, 512u, 2048u}) {
        SCOPED_TRACE(fmt::format("{}, {} cores, {} KiB", test_case.name, cores, kibibytes));
        Accelerator machine = small_machine(cores);
        machine.core.l1.capacity = Bytes{kibibytes * 1024};
        const Operation& operation = test_case.step.operations.front();
        const KernelProgram program = map_first(test_case.step, machine);
        expect_whole_product(program, *operation.gemm);
        const ProgramTotals sum = totals(program);
        EXPECT_GE(sum.memory_read, test::sum_of(operation.reads));
        EXPECT_EQ(sum.memory_written, test::sum_of(operation.writes));
      }
    }
  }
}

// The mapping chosen with bounds is the one chosen by pricing every candidate, whatever the machine waits for.
TEST(MapGemm, PruningChangesNoChoice) {
  for (const Case& test_case : gemm_cases()) {
    for (const std::uint32_t cores : {1u, 4u, 6u}) {
      for (const std::uint64_t kibibytes : {128u, 2048u}) {
        for (const double bandwidth : {5e9, 100e9, 5e12}) {
          SCOPED_TRACE(fmt::format("{}, {} cores, {} KiB, {} B/s", test_case.name, cores, kibibytes, bandwidth));
          Accelerator machine = small_machine(cores);
          machine.core.l1.capacity = Bytes{kibibytes * 1024};
          machine.memory.bandwidth = BytesPerSecond{bandwidth};
          EXPECT_EQ(to_json_lines(map_first(test_case.step, machine)),
                    to_json_lines(map_first(test_case.step, machine, {}, {.prune = false})));
        }
      }
    }
  }
}

// Every way to share the work is right, not only the chosen one.
TEST(MapGemm, EverySplitIsRight) {
  std::size_t tried = 0;
  for (const Case& test_case : gemm_cases()) {
    const Operation& operation = test_case.step.operations.front();
    const Accelerator machine = small_machine(8);
    for (const CoreSplit split : {CoreSplit{.m = 4}, CoreSplit{.n = 4}, CoreSplit{.k = 4}, CoreSplit{.count = 4},
                                  CoreSplit{.m = 2, .n = 2, .k = 2}, CoreSplit{.count = 2, .m = 3}, CoreSplit{.m = 8},
                                  CoreSplit{.n = 3, .k = 2}}) {
      SCOPED_TRACE(fmt::format("{}, split c{} m{} n{} k{}", test_case.name, split.count, split.m, split.n, split.k));
      const GemmSpace space{test_case.step, 0, machine, {}};
      const std::uint64_t channel_units = space.channels / space.taps;
      const std::uint64_t m_units = space.pixels_reduce ? channel_units : space.pixels.all_rows();
      const std::uint64_t k_units = space.pixels_reduce ? space.pixels.all_rows() : channel_units;
      if (split.count > space.count || split.m > m_units || split.n > space.n || split.k > k_units) continue;
      ++tried;
      const KernelProgram program = map_first(test_case.step, machine, {}, {.split = split});
      expect_whole_product(program, *operation.gemm);
      EXPECT_EQ(totals(program).memory_written, test::sum_of(operation.writes));
      for (std::size_t core = 0; core < 8; ++core) {
        EXPECT_EQ(queue(program, core, Unit::mpe).empty(), core >= split.cores());
      }
    }
  }
  EXPECT_GT(tried, 80u);
}

// A machine whose compiler fixes the tiles: long along the axis that more cores share, in even parts.
TEST(MapGemm, FixedOutputTilesAreLongWhereMoreCoresShare) {
  Accelerator machine = small_machine(8);
  machine.core.l1.output_side = 256;
  machine.core.l1.output_tile = Bytes{64 * 1024};
  struct Expected {
    CoreSplit split;
    std::uint64_t m, n;
  };
  for (const Expected& expected : {Expected{{.m = 4, .n = 2}, 256, 128}, Expected{{.m = 2, .n = 4}, 128, 256},
                                   Expected{{.m = 2, .n = 2}, 256, 128}, Expected{{.n = 8}, 128, 256},
                                   Expected{{}, 128, 256}}) {
    Step step = test::empty_step(1);
    test::add_gemm(step, 2048, 2048, 1024);
    const KernelProgram program = map_first(step, machine, {}, {.split = expected.split});
    expect_whole_product(program, *step.operations.front().gemm);
    for (const Instruction& work : queue(program, 0, Unit::mpe)) {
      EXPECT_EQ(std::tie(work.m, work.n), std::tie(expected.m, expected.n)) << program.mapping;
    }
  }
}

// Columns are rounded to whole arrays, never beyond what the tile may hold: such a tile would not fit, and some other be found.
TEST(MapGemm, FixedOutputTilesKeepTheirShapeAtEveryNumberOfRows) {
  Accelerator machine = small_machine(4);
  machine.core.l1.output_side = 256;
  machine.core.l1.output_tile = Bytes{64 * 1024};
  for (std::uint64_t rows = 136; rows <= 256; rows += 12) {
    Step step = test::empty_step(1);
    test::add_gemm(step, 4 * rows, 1024, 256);
    const KernelProgram program = map_first(step, machine, {}, {.split = CoreSplit{.m = 4}});
    expect_whole_product(program, *step.operations.front().gemm);
    for (const Instruction& work : queue(program, 0, Unit::mpe)) {
      EXPECT_EQ(work.m, rows) << program.mapping;
      EXPECT_LE(work.m * work.n, 32'768U) << program.mapping;
    }
  }
}

TEST(MapGemm, TilesOfGatheredOperandsAreOneArrayWide) {
  Accelerator machine = small_machine(8);
  machine.core.l1.output_side = 256;
  machine.core.l1.output_tile = Bytes{64 * 1024};
  machine.core.l1.gathered_rows = 96;
  Step step = test::empty_step(1);
  test::add_gemm(step, 1024, 512, 256);
  Operation& op = step.operations.front();
  op.gemm->b_is_weights = false;
  op.reads[1].interleave = 4;
  const KernelProgram program = map_first(step, machine, {}, {.split = CoreSplit{.m = 4, .n = 2}});
  expect_whole_product(program, *op.gemm);
  for (const Instruction& work : queue(program, 0, Unit::mpe)) {
    EXPECT_LE(work.m, 96U) << program.mapping;
    EXPECT_EQ(work.n, 64U) << program.mapping;
  }
  for (const Instruction& load : queue(program, 0, Unit::load)) EXPECT_TRUE(load.interleave == 1 || load.interleave == 4);
}

TEST(MapGemm, ATileTooWideForTheFixedShapeIsSearchedFor) {
  Accelerator machine = small_machine(1);
  machine.core.l1.output_side = 256;
  machine.core.l1.output_tile = Bytes{16 * 1024};  // not even a row of the image by one array's width
  for (const Case& test_case : gemm_cases()) {
    expect_whole_product(map_first(test_case.step, machine), *test_case.step.operations.front().gemm);
  }
}

TEST(MapGemm, ASplitThatTheMachineOrTheGemmLacksIsRefused) {
  Step step = test::empty_step(4);
  test::add_gemm(step, 64, 64, 64);
  for (const CoreSplit split : {CoreSplit{.m = 8}, CoreSplit{.count = 2}, CoreSplit{.m = 0}}) {
    EXPECT_THROW((void)map_operation(step, 0, small_machine(4), {}, {.split = split}), InputError);
  }
}

TEST(CoreShare, PartsMakeUpTheWholeProduct) {
  for (const Case& test_case : gemm_cases()) {
    const Accelerator machine = small_machine(12);
    const GemmSpace space{test_case.step, 0, machine, {}};
    const CoreSplit split{.count = 1, .m = 2, .n = 1, .k = 2};
    std::uint64_t macs = 0;
    for (std::uint64_t core = 0; core < split.cores(); ++core) {
      const CoreShare share = core_share(space, split, core_position(split, core));
      macs += share.groups.size() * share.rows.size() * space.pixels.columns() * share.channels * share.n;
    }
    EXPECT_EQ(macs, test_case.step.operations.front().gemm->macs().value()) << test_case.name;
  }
}

// With room for all operands at once nothing is read twice: what is read is what there is, but for bytes that tile ends
// round up. Windows that overlap are left out: the mapper may cut images to start sooner, and then reads halo rows again.
TEST(MapGemm, ReadsNothingTwiceWhereEverythingFits) {
  for (const Case& test_case : gemm_cases()) {
    Accelerator machine = small_machine(4);
    machine.core.l1.capacity = Bytes{std::uint64_t{1} << 30};
    const Operation& operation = test_case.step.operations.front();
    const auto& geometry = operation.gemm->geometry;
    if (geometry && geometry->window.kernel[0] > geometry->window.stride[0]) continue;
    const ProgramTotals sum = totals(map_first(test_case.step, machine));
    EXPECT_LE(sum.memory_read.value(), test::sum_of(operation.reads).value() + sum.instructions) << test_case.name;
  }
}

TEST(MapGemm, MemoryTrafficNeverRisesAsL1Grows) {
  for (const Case& test_case : gemm_cases()) {
    std::uint64_t before = std::numeric_limits<std::uint64_t>::max();
    for (std::uint64_t kibibytes = 128; kibibytes <= 16384; kibibytes += kibibytes / 3) {
      Accelerator machine = small_machine(4);
      machine.core.l1.capacity = Bytes{kibibytes * 1024};
      const ProgramTotals sum = totals(map_first(test_case.step, machine));
      const std::uint64_t traffic = (sum.memory_read + sum.memory_written).value();
      // A tile's size in bytes is rounded up: as many bytes as there are loads may come on top.
      if (before != std::numeric_limits<std::uint64_t>::max()) {
        EXPECT_LE(traffic, before + sum.instructions) << test_case.name << ", " << kibibytes << " KiB";
      }
      before = traffic;
    }
  }
}

// 32 cores, as in the training chip: splits in all four directions, odd shares, with and without multicast.
TEST(MapGemm, ManyCoresWithAndWithoutMulticast) {
  for (const Case& test_case : gemm_cases()) {
    for (const bool multicast : {false, true}) {
      Accelerator machine = small_machine(32);
      machine.ring.multicast = multicast;
      SCOPED_TRACE(fmt::format("{}, multicast {}", test_case.name, multicast));
      const Operation& operation = test_case.step.operations.front();
      const KernelProgram program = map_first(test_case.step, machine);
      expect_whole_product(program, *operation.gemm);
      EXPECT_EQ(totals(program).memory_written, test::sum_of(operation.writes));
    }
  }
}

TEST(MapGemm, FourBitOperandsMoveHalfAByteEach) {
  Step step = test::empty_step(4);
  test::add_gemm(step, 256, 128, 512, 1, "int4");
  Accelerator machine = small_machine(1);
  const ProgramTotals sum = totals(map_first(step, machine));
  EXPECT_EQ(sum.memory_read, Bytes{(256 * 512 + 512 * 128) / 2});
  EXPECT_EQ(sum.memory_written, Bytes{256 * 128 / 2});
}

TEST(MapGemm, WithoutMulticastEachCoreReadsTheSharedOperand) {
  Step step = test::empty_step(4);
  test::add_gemm(step, 64, 64, 64);
  Accelerator machine = small_machine(4);
  const MapperOptions by_rows{.split = CoreSplit{.m = 4}};
  const Bytes a = step.operations[0].reads[0].bytes, b = step.operations[0].reads[1].bytes;
  EXPECT_EQ(totals(map_first(step, machine, {}, by_rows)).memory_read, a + b);
  machine.ring.multicast = false;
  EXPECT_EQ(totals(map_first(step, machine, {}, by_rows)).memory_read, a + b * 4);
}

TEST(MapGemm, PartialSumsAreExchangedInTheAccumulatorsFormat) {
  Step step = test::empty_step(4);
  test::add_gemm(step, 16, 64, 4096, 1, "int4");  // sums are int32
  const KernelProgram program = map_first(step, small_machine(4), {}, {.split = CoreSplit{.k = 4}});
  for (std::size_t core = 0; core < 4; ++core) {
    Bytes exchanged, stored;
    for (const Instruction& store : queue(program, core, Unit::store)) {
      EXPECT_EQ(store.reduce_cores, 4u);
      exchanged += store.reduce_bytes;
      stored += store.bytes;
    }
    EXPECT_EQ(exchanged, Bytes{16 * 64 * 4});
    EXPECT_EQ(stored, Bytes{16 * 64 / 2 / 4});
  }
}

TEST(MapGemm, TooLittleL1IsTheUsersErrorWithTheLayersName) {
  Step step = test::empty_step(4);
  test::add_gemm(step, 256, 256, 256);
  Accelerator machine = small_machine(4);
  machine.core.l1.capacity = Bytes{128};
  try {
    (void)map_operation(step, 0, machine, {}, {});
    FAIL() << "mapped";
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems().front().id, "MAP-L1");
    EXPECT_THAT(error.problems().front().what, testing::HasSubstr("gemm"));
  }
}

TEST(MapGemm, AFormatThatTheMachineLacksIsTheUsersError) {
  Step step = test::empty_step(1);
  test::add_gemm(step, 8, 8, 8, 1, "fp32");
  EXPECT_THROW((void)map_operation(step, 0, small_machine(1), {}, {}), InputError);
}

TEST(MapGemm, SameInputsGiveTheSameProgram) {
  for (const Case& test_case : gemm_cases()) {
    const Accelerator machine = small_machine(4);
    EXPECT_EQ(to_json_lines(map_operation(test_case.step, 0, machine, {}, {})),
              to_json_lines(map_operation(test_case.step, 0, machine, {}, {})));
  }
}

}  // namespace
}  // namespace nibble
