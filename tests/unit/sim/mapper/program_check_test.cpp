// Proves: every broken program in a corpus of hand-made ones is named by its id; a right one passes; totals count a
// multicast once.
#include "sim/mapper/program_check.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "models/base/error.hpp"
#include "tests/support/small_machine.hpp"

namespace nibble {
namespace {

using testing::Contains;

std::vector<Instruction>& queue(KernelProgram& program, std::size_t core, Unit unit) {
  return program.cores.at(core).units[static_cast<std::size_t>(unit)];
}

/// Two cores, each: load A (own) and B (multicast), multiply twice into one output, store it.
KernelProgram good_program() {
  KernelProgram program;
  program.layer = "hand-made";
  program.mac_mode = "fp16";
  program.a_format = program.b_format = "fp16";
  program.slots = {Bytes{256}, Bytes{256}, Bytes{128}, Bytes{256}};  // A twice, B, C
  program.cores.resize(2);
  for (std::size_t core = 0; core < 2; ++core) {
    for (SlotIndex tile = 0; tile < 2; ++tile) {
      Instruction a;
      a.acquires = a.publishes = {tile};
      a.bytes = Bytes{256};
      queue(program, core, Unit::load).push_back(a);
      Instruction work;
      work.waits = {tile, 2};
      work.frees = {tile};
      if (tile == 0) work.acquires = {3};
      if (tile == 1) {
        work.frees.push_back(2);
        work.publishes = {3};
      }
      work.m = 8;
      work.n = 4;
      work.k = 16;
      work.accumulate = tile == 1;
      queue(program, core, Unit::mpe).push_back(work);
    }
    Instruction b;
    b.acquires = b.publishes = {2};
    b.bytes = Bytes{128};
    b.multicast = 1;
    b.multicast_cores = 2;
    queue(program, core, Unit::load).push_back(b);
    Instruction store;
    store.waits = store.frees = {3};
    store.bytes = Bytes{64};
    queue(program, core, Unit::store).push_back(store);
  }
  return program;
}

/// The stores of both cores, made into an exchange among `cores`.
std::vector<Instruction*> exchange_sums(KernelProgram& program, std::uint32_t cores) {
  std::vector<Instruction*> stores;
  for (std::size_t core = 0; core < 2; ++core) {
    Instruction& store = queue(program, core, Unit::store).front();
    store.reduce = 3;
    store.reduce_cores = cores;
    store.reduce_bytes = Bytes{128};
    stores.push_back(&store);
  }
  return stores;
}

std::vector<std::string> ids_of(const KernelProgram& program, const Accelerator& machine) {
  try {
    check_program(program, machine);
  } catch (const InputError& error) {
    std::vector<std::string> ids;
    for (const Problem& problem : error.problems()) ids.push_back(problem.id);
    return ids;
  }
  return {};
}

TEST(CheckProgram, AcceptsAProgramThatRunsToItsEnd) {
  EXPECT_NO_THROW(check_program(good_program(), test::small_machine(2)));
}

struct Broken {
  const char* id;
  std::function<void(KernelProgram&)> damage;
};

void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.id; }

class BrokenProgram : public testing::TestWithParam<Broken> {};

TEST_P(BrokenProgram, IsNamed) {
  KernelProgram program = good_program();
  GetParam().damage(program);
  EXPECT_THAT(ids_of(program, test::small_machine(2)), Contains(GetParam().id));
}

INSTANTIATE_TEST_SUITE_P(
    Corpus, BrokenProgram,
    testing::Values(
        Broken{"PRG-CORES", [](KernelProgram& p) { p.cores.emplace_back(); }},
        Broken{"PRG-L1", [](KernelProgram& p) { p.slots[0] = Bytes{std::uint64_t{4} << 20}; }},
        Broken{"PRG-SLOT", [](KernelProgram& p) { queue(p, 1, Unit::mpe)[0].waits[0] = 9; }},
        Broken{"PRG-SLOT-SIZE", [](KernelProgram& p) { p.slots[0] = Bytes{255}; }},
        Broken{"PRG-OWNER", [](KernelProgram& p) { queue(p, 0, Unit::mpe)[1].acquires = {0}; }},
        Broken{"PRG-UNIT", [](KernelProgram& p) { queue(p, 0, Unit::mpe)[0].k = 0; }},
        Broken{"PRG-UNIT", [](KernelProgram& p) { queue(p, 0, Unit::load)[0].bytes = Bytes{}; }},
        Broken{"PRG-SOURCE", [](KernelProgram& p) { queue(p, 0, Unit::load)[0].source = 2; }},
        Broken{"PRG-SOURCE", [](KernelProgram& p) { queue(p, 0, Unit::load)[0].source = 0; }},
        Broken{"PRG-SOURCE", [](KernelProgram& p) { queue(p, 0, Unit::load)[2].source = 1; }},
        Broken{"PRG-SOURCE", [](KernelProgram& p) { queue(p, 0, Unit::store)[0].source = 1; }},
        Broken{"PRG-GROUP", [](KernelProgram& p) { queue(p, 0, Unit::load)[2].multicast_cores = 3; }},
        Broken{"PRG-GROUP", [](KernelProgram& p) { queue(p, 0, Unit::load)[2].multicast = 7; }},
        Broken{"PRG-GROUP", [](KernelProgram& p) { queue(p, 0, Unit::load)[2].bytes = Bytes{64}; }},
        Broken{"PRG-GROUP", [](KernelProgram& p) { exchange_sums(p, 2)[0]->passes_on = true; }},
        Broken{"PRG-GROUP",
               [](KernelProgram& p) {
                 for (Instruction* store : exchange_sums(p, 3)) store->passes_on = true;
               }},
        Broken{"PRG-DEADLOCK", [](KernelProgram& p) { queue(p, 1, Unit::mpe)[0].begins_on = 5; }},
        Broken{"PRG-TOKEN", [](KernelProgram& p) { queue(p, 0, Unit::mpe)[0].publishes = {3, 3}; }},
        Broken{"PRG-TOKEN", [](KernelProgram& p) { queue(p, 0, Unit::store)[0].frees = {3, 3}; }},
        // A tile that no one loads, a slot that no one frees, partners that come in opposite orders.
        Broken{"PRG-DEADLOCK", [](KernelProgram& p) { queue(p, 0, Unit::load).erase(queue(p, 0, Unit::load).begin()); }},
        Broken{"PRG-DEADLOCK",
               [](KernelProgram& p) {
                 queue(p, 0, Unit::load)[1].acquires = queue(p, 0, Unit::load)[1].publishes = {0};
                 queue(p, 0, Unit::mpe)[0].frees.clear();
               }},
        Broken{"PRG-DEADLOCK",
               [](KernelProgram& p) {
                 for (std::size_t core = 0; core < 2; ++core) {
                   auto& loads = queue(p, core, Unit::load);
                   loads[0].multicast = 2;
                   loads[0].multicast_cores = 2;
                 }
                 auto& loads = queue(p, 1, Unit::load);
                 std::swap(loads[0], loads[2]);
               }},
        Broken{"PRG-LEFT-FULL", [](KernelProgram& p) { queue(p, 0, Unit::store).clear(); }}));

TEST(CheckProgram, ALoadMayReadAnotherCoresScratchpad) {
  KernelProgram program = good_program();
  queue(program, 0, Unit::load)[0].source = 1;
  EXPECT_NO_THROW(check_program(program, test::small_machine(2)));
}

TEST(CheckProgram, ReportsSeveralProblemsTogether) {
  KernelProgram program = good_program();
  queue(program, 0, Unit::mpe)[0].waits[0] = 9;
  queue(program, 1, Unit::store)[0].frees[0] = 17;
  EXPECT_EQ(ids_of(program, test::small_machine(2)).size(), 2u);
}

TEST(CheckProgram, SaysWhichInstructionNeverStartsAndWhy) {
  KernelProgram program = good_program();
  queue(program, 1, Unit::load).erase(queue(program, 1, Unit::load).begin());
  try {
    check_program(program, test::small_machine(2));
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_THAT(error.problems().front().what, testing::HasSubstr("core 1, mpe instruction 0 never starts: slot 0"));
  }
}

TEST(Totals, CountAMulticastOnce) {
  const ProgramTotals sum = totals(good_program());
  EXPECT_EQ(sum.macs, Macs{2 * 2 * 8 * 4 * 16});
  EXPECT_EQ(sum.memory_read, Bytes{4 * 256 + 128});
  EXPECT_EQ(sum.memory_written, Bytes{2 * 64});
  EXPECT_EQ(sum.cores[1].loaded, Bytes{2 * 256 + 128});
  EXPECT_EQ(sum.instructions, 12u);
}

}  // namespace
}  // namespace nibble
