// Proves, over small and odd shapes, splits and scratchpad sizes: each mapped operation executes every MAC once, in output
// tiles that each get their whole reduction; moves what it must and, where nothing is re-read, no more; deals out vector
// work and stores exactly; passes the program check; and moves no more as L1 grows.
#include "sim/mapper/mapper.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <map>

#include "models/base/error.hpp"
#include "sim/mapper/gemm_space.hpp"
#include "sim/mapper/program_check.hpp"
#include "sim/mapper/program_json.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/unit/sim/mapper/small_steps.hpp"

namespace nibble {
namespace {

using test::Conv;
using test::small_machine;

KernelProgram map_first(const Step& step, const Accelerator& machine, const OperationResidency& residency = {},
                        const MapperOptions& options = {}) {
  KernelProgram program = map_operation(step, 0, machine, residency, options);
  check_program(program, machine);
  return program;
}

const std::vector<Instruction>& queue(const KernelProgram& program, std::size_t core, Unit unit) {
  return program.cores[core].units[static_cast<std::size_t>(unit)];
}

/// Elements of C that a core completes, and the reduction that each of its output tiles gets.
struct Outputs {
  std::uint64_t elements = 0;
  std::vector<std::uint64_t> depths;
};
Outputs outputs_of(const std::vector<Instruction>& mpe) {
  Outputs outputs;
  std::uint64_t depth = 0;
  const Instruction* first = nullptr;
  for (const Instruction& work : mpe) {
    if (!work.acquires.empty()) {
      EXPECT_FALSE(work.accumulate);
      depth = 0;
      first = &work;
    } else {
      EXPECT_TRUE(work.accumulate);
    }
    EXPECT_EQ(std::tie(work.m, work.n, work.count), std::tie(first->m, first->n, first->count));
    depth += work.k;
    if (work.publishes.empty()) continue;
    outputs.elements += work.m * work.n * work.count;
    outputs.depths.push_back(depth);
  }
  return outputs;
}

/// All of C's elements are completed, each output tile of each k part over all of that part's reduction.
void expect_whole_product(const KernelProgram& program, const GemmWork& gemm) {
  std::uint64_t elements = 0, elements_times_depth = 0;
  for (std::size_t core = 0; core < program.cores.size(); ++core) {
    const Outputs outputs = outputs_of(queue(program, core, Unit::mpe));
    for (const std::uint64_t depth : outputs.depths) {
      EXPECT_EQ(depth, outputs.depths.front()) << "core " << core;
    }
    elements += outputs.elements;
    if (!outputs.depths.empty()) elements_times_depth += outputs.elements * outputs.depths.front();
  }
  EXPECT_EQ(elements_times_depth, gemm.macs().value());
  EXPECT_EQ(elements % (gemm.m * gemm.n * gemm.count), 0u);  // once for each k part
  EXPECT_EQ(totals(program).macs, gemm.macs());
}

struct Case {
  Step step;
  std::string name;
};

std::vector<Case> gemm_cases() {
  std::vector<Case> cases;
  const auto plain = [&](std::uint64_t batch, std::uint64_t m, std::uint64_t n, std::uint64_t k, std::uint64_t count) {
    Step step = test::empty_step(batch);
    Operation& operation = test::add_gemm(step, m, n, k, count);
    operation.gemm->b_is_weights = count == 1;
    cases.push_back({step, fmt::format("gemm {}x{}x{} x{}", m, n, k, count)});
  };
  plain(1, 1, 1, 1, 1);
  plain(4, 4, 1000, 2048, 1);     // a classifier
  plain(3, 7, 13, 11, 1);         // nothing divides
  plain(2, 256, 768, 768, 1);     // a transformer's projection
  plain(2, 128, 128, 64, 24);     // its attention
  plain(1, 1, 4096, 25088, 1);    // a vector times a large matrix
  plain(5, 1000, 3, 129, 1);
  const auto conv = [&](const Conv& shape, bool wgrad) {
    Step step = test::empty_step(shape.batch);
    test::add_conv(step, shape, wgrad);
    cases.push_back({step, fmt::format("conv {} b{} {}->{} {}x{} k{} s{} g{}", wgrad ? "wgrad" : "fwd", shape.batch,
                                       shape.in_channels, shape.out_channels, shape.size, shape.size, shape.kernel,
                                       shape.stride, shape.groups)});
  };
  for (const bool wgrad : {false, true}) {
    conv({.batch = 4, .in_channels = 3, .out_channels = 64, .size = 56, .kernel = 7, .stride = 2, .padding = 3}, wgrad);
    conv({.batch = 1, .in_channels = 32, .out_channels = 48, .size = 28, .kernel = 3, .padding = 1}, wgrad);
    conv({.batch = 6, .in_channels = 64, .out_channels = 64, .size = 7, .kernel = 3, .padding = 1}, wgrad);
    conv({.batch = 2, .in_channels = 64, .out_channels = 128, .size = 14, .kernel = 1, .stride = 2}, wgrad);
    conv({.batch = 3, .in_channels = 32, .out_channels = 32, .size = 14, .kernel = 3, .padding = 1, .groups = 32}, wgrad);
    conv({.batch = 2, .in_channels = 64, .out_channels = 64, .size = 9, .kernel = 3, .padding = 1, .groups = 4}, wgrad);
  }
  return cases;
}

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

/// The exchanges of statistics in a program: how many cores join each, and with how many bytes.
std::vector<std::pair<std::uint32_t, std::uint64_t>> exchanges_of_sums(const KernelProgram& program) {
  std::map<std::uint32_t, std::pair<std::uint32_t, std::uint64_t>> found;
  for (std::size_t core = 0; core < program.cores.size(); ++core) {
    for (const Instruction& store : queue(program, core, Unit::store)) {
      if (store.reduce_bits == 0) continue;
      EXPECT_EQ(store.reduce_bits, 32u);
      found[store.reduce] = {store.reduce_cores, store.reduce_bytes.value()};
    }
  }
  std::vector<std::pair<std::uint32_t, std::uint64_t>> all;
  for (const auto& [id, exchange] : found) all.push_back(exchange);
  return all;
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
