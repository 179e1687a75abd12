// Proves: a kernel's cycles are those that its resources take, worked out by hand; double buffering overlaps loads
// with arithmetic; stalls are booked to their cause; a program that cannot end is reported, not timed.
#include "sim/chip/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/base/error.hpp"
#include "tests/support/small_machine.hpp"

namespace nibble {
namespace {

using testing::HasSubstr;

Instruction load(SlotIndex slot, std::uint64_t bytes) {
  Instruction i;
  i.acquires = {slot};
  i.publishes = {slot};
  i.bytes = Bytes{bytes};
  return i;
}

Instruction store(SlotIndex slot, std::uint64_t bytes) {
  Instruction i;
  i.waits = {slot};
  i.frees = {slot};
  i.bytes = Bytes{bytes};
  return i;
}

Instruction matrix(SlotIndex a, SlotIndex b, SlotIndex c, std::uint64_t m, std::uint64_t n, std::uint64_t k) {
  Instruction i;
  i.waits = {a, b};
  i.acquires = {c};
  i.publishes = {c};
  i.frees = {a, b};
  i.m = m;
  i.n = n;
  i.k = k;
  return i;
}

KernelProgram fp16_program(std::size_t cores, std::size_t slots) {
  KernelProgram p;
  p.layer = "test";
  p.mac_mode = p.a_format = p.b_format = "fp16";
  p.slots.assign(slots, Bytes{1 << 18});
  p.cores.resize(cores);
  return p;
}

std::vector<Instruction>& queue(KernelProgram& p, std::size_t core, Unit unit) {
  return p.cores[core].units[static_cast<std::size_t>(unit)];
}

TEST(Machine, OneTileTakesLoadBlockArrayAndStore) {
  Machine machine{test::small_machine()};
  KernelProgram p = fp16_program(1, 3);
  // A: 64 x 256, B: 256 x 64, C: 64 x 64, two bytes each.
  queue(p, 0, Unit::load) = {load(0, 32768), load(1, 32768)};
  queue(p, 0, Unit::mpe) = {matrix(0, 1, 2, 64, 64, 256)};
  queue(p, 0, Unit::store) = {store(2, 8192)};
  const KernelResult r = machine.run(p);
  // Request 1 hop; 65,536 B at 64 B/cycle; last burst of 4,096 B crosses one hop behind the memory.
  const std::uint64_t loaded = 1 + 1024 + 1;
  const std::uint64_t block = 32768 / 128;        // weights through the L1 port
  const std::uint64_t array = 64 * 32 + 17;       // 64 rows x 32 entries, then fill and drain
  // Store: the second burst leaves the port 32 cycles after the first, 1 hop, 32 on the segment; memory 64 a burst.
  const std::uint64_t stored = 1 + 32 + 2 * 64;
  EXPECT_EQ(r.cycles.value(), loaded + block + array + stored);
  EXPECT_EQ(r.activity.macs.at("fp16"), 64U * 64 * 256);
  EXPECT_EQ(r.activity.memory_read, Bytes{65536});
  EXPECT_EQ(r.activity.memory_written, Bytes{8192});
  EXPECT_EQ(r.array_cycles.compute, 64U * 32);
  EXPECT_EQ(r.array_cycles.fill_drain, block + 17);
  EXPECT_EQ(r.array_cycles.total(), r.cycles.value());
  EXPECT_EQ(r.array_cycles.memory + r.array_cycles.ring, loaded + stored);
}

TEST(Machine, DoubleBufferingHidesLoadsBehindArithmetic) {
  Machine machine{test::small_machine()};
  constexpr std::uint64_t kTiles = 20;
  const auto program = [&](SlotIndex buffers) {
    KernelProgram p = fp16_program(1, 4 + 2U);
    queue(p, 0, Unit::load).push_back(load(4, 32768));
    for (std::uint64_t t = 0; t < kTiles; ++t) {
      const auto a = static_cast<SlotIndex>(t % buffers), c = static_cast<SlotIndex>(2 + t % 2);
      queue(p, 0, Unit::load).push_back(load(a, 65536));
      Instruction work = matrix(a, 4, c, 128, 64, 256);
      work.frees = {a};  // the weights stay
      queue(p, 0, Unit::mpe).push_back(work);
      queue(p, 0, Unit::store).push_back(store(c, 16384));
    }
    return p;
  };
  const KernelResult single = machine.run(program(1));
  const KernelResult twice = machine.run(program(2));
  const std::uint64_t load_time = 65536 / 64, array_time = 128 * 32 + 17;
  // One buffer: each tile waits for its load. Two: only the first does.
  EXPECT_GE(single.cycles.value(), kTiles * (load_time + array_time));
  EXPECT_LT(twice.cycles.value(), kTiles * array_time + 3 * load_time);
  EXPECT_GE(twice.cycles.value(), kTiles * array_time + load_time);
  EXPECT_EQ(single.activity.memory_read, twice.activity.memory_read);
}

TEST(Machine, AMulticastReadsTheMemoryOnce) {
  Machine machine{test::small_machine(4)};
  KernelProgram p = fp16_program(4, 3);
  for (std::size_t core = 0; core < 4; ++core) {
    Instruction weights = load(1, 32768);
    weights.multicast = 9;
    weights.multicast_cores = 4;
    queue(p, core, Unit::load) = {weights, load(0, 4096)};
    queue(p, core, Unit::mpe) = {matrix(0, 1, 2, 8, 64, 256)};
    queue(p, core, Unit::store) = {store(2, 1024)};
  }
  const KernelResult r = machine.run(p);
  EXPECT_EQ(r.activity.memory_read, Bytes{32768 + 4 * 4096});
  EXPECT_EQ(r.activity.l1_written.value(), 4 * (32768 + 4096 + 1024U));
}

TEST(Machine, GranulesOfInterleavedMatricesArePickedUpOneByOne) {
  Accelerator config = test::small_machine(2);
  config.dma.gather_cycles = 10;
  config.dma.shared_gather_cycles = 40;
  config.memory.channels = 4;
  config.memory.bandwidth = BytesPerSecond{4096e9};  // a channel keeps up with all that is asked of it here
  Machine machine{config};
  const auto cycles = [&](std::uint32_t interleave, bool shared) {
    KernelProgram p = fp16_program(2, 3);
    for (std::size_t core = 0; core < 2; ++core) {
      Instruction weights = load(1, 32768);
      weights.interleave = interleave;
      weights.multicast = shared ? 9 : 0;
      weights.multicast_cores = shared ? 2 : 1;
      queue(p, core, Unit::load) = {load(0, 4096), weights};
      queue(p, core, Unit::mpe) = {matrix(0, 1, 2, 8, 64, 256)};
      queue(p, core, Unit::store) = {store(2, 1024)};
    }
    return machine.run(p).cycles.value();
  };
  // 256 granules each; all else is the same as without, where the port takes them at 128 B/cycle.
  const std::uint64_t in_order = cycles(1, false);
  EXPECT_NEAR(static_cast<double>(cycles(4, false) - in_order), 256 * 10 - 256, 100);
  EXPECT_NEAR(static_cast<double>(cycles(2, false) - in_order), 256 * 5 - 256, 100) << "two channels work side by side";
  EXPECT_NEAR(static_cast<double>(cycles(8, true) - in_order), 256 * 40 - 256, 200);
  EXPECT_EQ(cycles(1, false), in_order);
}

TEST(Machine, PickingUpGranulesForgetsTheKernelBefore) {
  Accelerator config = test::small_machine();
  config.dma.gather_cycles = 1000;  // longer than a burst is on its way
  Machine machine{config};
  KernelProgram p = fp16_program(1, 3);
  queue(p, 0, Unit::load) = {load(0, 4096), load(1, 32768)};
  queue(p, 0, Unit::load).back().interleave = 2;
  queue(p, 0, Unit::mpe) = {matrix(0, 1, 2, 8, 64, 256)};
  queue(p, 0, Unit::store) = {store(2, 1024)};
  const Cycles first = machine.run(p).cycles;
  EXPECT_EQ(machine.run(p).cycles, first);
}

TEST(Machine, PartialSumsCrossTheNarrowRing) {
  Machine machine{test::small_machine(2)};
  const auto program = [&](bool reduce) {
    KernelProgram p = fp16_program(2, 3);
    for (std::size_t core = 0; core < 2; ++core) {
      queue(p, core, Unit::load) = {load(0, 4096), load(1, 32768)};
      queue(p, core, Unit::mpe) = {matrix(0, 1, 2, 64, 64, 256)};
      Instruction out = store(2, 4096);
      if (reduce) {
        out.reduce = 1;
        out.reduce_cores = 2;
        out.reduce_bytes = Bytes{8192};
      }
      queue(p, core, Unit::store) = {out};
    }
    return p;
  };
  const KernelResult plain = machine.run(program(false));
  const KernelResult reduced = machine.run(program(true));
  // Each core sends half of its 8,192 B to the other: 4,096 B at 32 B/cycle after one hop, then 2,048 additions.
  EXPECT_EQ(reduced.activity.psum_ring_byte_hops, 2U * 4096);
  EXPECT_EQ(reduced.activity.sfu_lane_ops, 2U * 2048);
  EXPECT_GE(reduced.cycles.value(), plain.cycles.value() + 4096 / 32);
  EXPECT_GT(reduced.array_cycles.ring, plain.array_cycles.ring);
}

TEST(Machine, CoresThatPassSumsOnWorkInTurns) {
  Machine machine{test::small_machine(2)};
  const auto program = [&](bool pass_on) {
    KernelProgram p = fp16_program(2, 3);
    Instruction passing = store(2, 0);
    passing.resident = passing.passes_on = true;
    passing.reduce = 1;
    passing.reduce_cores = 2;
    passing.reduce_bytes = Bytes{8192};
    for (std::size_t core = 0; core < 2; ++core) {
      queue(p, core, Unit::load) = {load(0, 4096), load(1, 32768)};
      queue(p, core, Unit::mpe) = {matrix(0, 1, 2, 64, 64, 256)};
      queue(p, core, Unit::store) = {store(2, 8192)};
    }
    if (!pass_on) return p;
    queue(p, 0, Unit::store) = {passing};
    passing.frees.clear();
    queue(p, 1, Unit::store) = {passing, store(2, 8192)};
    queue(p, 1, Unit::mpe).front().begins_on = 1;
    return p;
  };
  const KernelResult apart = machine.run(program(false));
  const KernelResult passed = machine.run(program(true));
  // The second core multiplies after the first, 64 rows x 32 entries; then 8,192 B come at 32 B/cycle. Nothing is added twice.
  EXPECT_NEAR(static_cast<double>(passed.cycles.value()), static_cast<double>(apart.cycles.value()) + 2048 + 256, 200);
  EXPECT_EQ(passed.activity.psum_ring_byte_hops, 8192U);
  EXPECT_EQ(passed.activity.sfu_lane_ops, 0U);
  EXPECT_EQ(passed.activity.memory_written, Bytes{8192});
  // The first core reads them out of its scratchpad instead of storing them, the second writes and reads them once more.
  EXPECT_EQ(passed.activity.l1_read, apart.activity.l1_read + Bytes{8192});
  EXPECT_EQ(passed.activity.l1_written, apart.activity.l1_written + Bytes{8192});
}

TEST(Machine, SumsOfVectorWorkCrossTheNarrowRingWithoutAnAccumulator) {
  Machine machine{test::small_machine(4)};
  KernelProgram p;
  p.layer = "statistics";
  p.slots.assign(1, Bytes{4096});
  p.cores.resize(4);
  for (std::size_t core = 0; core < 4; ++core) {
    Instruction work;
    work.acquires = work.publishes = {0};
    work.lane_ops = 1024;
    queue(p, core, Unit::sfu) = {work};
    Instruction out = store(0, 1024);
    out.reduce = 1;
    out.reduce_cores = 4;
    out.reduce_bytes = Bytes{4096};
    out.reduce_bits = 32;
    queue(p, core, Unit::store) = {out};
  }
  const KernelResult r = machine.run(p);
  // A closed ring of four: three quarters of each core's 4,096 B leave it, half each way; every 4 B are one addition.
  EXPECT_EQ(r.activity.psum_ring_byte_hops, 4U * 3072);
  EXPECT_EQ(r.activity.sfu_lane_ops, 4U * 1024 + 4U * 768);
  EXPECT_GE(r.array_cycles.ring, 4U * (1536 / 32));
}

TEST(Machine, VectorWorkAloneIsBookedToTheVectorUnits) {
  Machine machine{test::small_machine()};
  KernelProgram p;
  p.layer = "relu";
  p.slots.assign(2, Bytes{1 << 16});
  p.cores.resize(1);
  queue(p, 0, Unit::load) = {load(0, 16384)};
  Instruction relu;
  relu.waits = {0};
  relu.acquires = {1};
  relu.publishes = {1};
  relu.frees = {0};
  relu.lane_ops = 128 * 1000;  // 128 lanes
  relu.l1_read = relu.l1_written = Bytes{16384};
  queue(p, 0, Unit::sfu) = {relu};
  queue(p, 0, Unit::store) = {store(1, 16384)};
  const KernelResult r = machine.run(p);
  EXPECT_EQ(r.array_cycles.vector, 1000U);
  EXPECT_EQ(r.activity.sfu_lane_ops, 128'000U);
  EXPECT_EQ(r.array_cycles.total(), r.cycles.value());
  EXPECT_EQ(r.activity.core_busy_cycles, 1000U);
}

TEST(Machine, EqualKernelsTakeEqualTimeWhateverRanBefore) {
  Machine machine{test::small_machine()};
  KernelProgram p = fp16_program(1, 3);
  queue(p, 0, Unit::load) = {load(0, 32768), load(1, 32768)};
  queue(p, 0, Unit::mpe) = {matrix(0, 1, 2, 64, 64, 256)};
  queue(p, 0, Unit::store) = {store(2, 8192)};
  const KernelResult first = machine.run(p);
  const KernelResult second = machine.run(p);
  EXPECT_EQ(first.cycles, second.cycles);
  EXPECT_EQ(first.array_cycles.memory, second.array_cycles.memory);
}

TEST(Machine, AProgramThatCannotEndIsReported) {
  Machine machine{test::small_machine()};
  KernelProgram p = fp16_program(1, 3);
  queue(p, 0, Unit::load) = {load(0, 32768)};
  queue(p, 0, Unit::mpe) = {matrix(0, 1, 2, 64, 64, 256)};  // slot 1 never fills
  try {
    (void)machine.run(p);
    FAIL() << "a starved program ended";
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(), HasSubstr("never ends"));
    EXPECT_THAT(error.what(), HasSubstr("slot 1 empty"));
  }
}

}  // namespace
}  // namespace nibble
