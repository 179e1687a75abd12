// Proves: programs that differ in names alone have one key; what a machine does differently gives them two.
#include "sim/system/program_key.hpp"

#include <gmock/gmock.h>

#include <set>

#include "models/config/accelerator.hpp"

namespace nibble {
namespace {

KernelProgram program() {
  KernelProgram p;
  p.mac_mode = "fp16";
  p.a_format = p.b_format = "fp16";
  p.slots = {Bytes{64}, Bytes{128}};
  p.cores.resize(2);
  Instruction load;
  load.acquires = {0};
  load.publishes = {0};
  load.bytes = Bytes{64};
  p.cores[0].units[0] = {load, load};
  return p;
}

TEST(ProgramKey, NamesDoNotCount) {
  KernelProgram other = program();
  other.layer = "another";
  other.pass = Pass::wgrad;
  other.mapping = "as before";
  EXPECT_EQ(program_key(other), program_key(program()));
}

TEST(ProgramKey, EveryOtherMemberCounts) {
  const auto changed = [](const std::function<void(KernelProgram&)>& change) {
    KernelProgram p = program();
    change(p);
    return program_key(p);
  };
  const auto instruction = [&](const std::function<void(Instruction&)>& change) {
    return changed([&](KernelProgram& p) { change(p.cores[0].units[0][1]); });
  };
  const std::vector<std::string> keys{
      program_key(program()),
      changed([](KernelProgram& p) { p.mac_mode = "hfp8"; }),
      changed([](KernelProgram& p) { p.a_format = "fp8"; }),
      changed([](KernelProgram& p) { p.a_zeros = 0.5; }),
      changed([](KernelProgram& p) { p.b_zeros = 0.5; }),
      changed([](KernelProgram& p) { p.depthwise = true; }),
      changed([](KernelProgram& p) { p.slots[1] = Bytes{64}; }),
      changed([](KernelProgram& p) { p.cores.resize(3); }),
      changed([](KernelProgram& p) { std::swap(p.cores[0], p.cores[1]); }),
      changed([](KernelProgram& p) { std::swap(p.cores[0].units[0], p.cores[0].units[3]); }),
      changed([](KernelProgram& p) { p.cores[0].units[0].pop_back(); }),
      instruction([](Instruction& i) { i.waits = {1}; }),
      instruction([](Instruction& i) { i.frees = {1}; }),
      instruction([](Instruction& i) { i.pitch = Bytes{256}; }),
      instruction([](Instruction& i) { i.piece = Bytes{64}; }),
      instruction([](Instruction& i) { i.column = Bytes{64}; }),
      instruction([](Instruction& i) { i.interleave = 4; }),
      instruction([](Instruction& i) { i.crossed = true; }),
      instruction([](Instruction& i) { i.begins_on = 4; }),
      instruction([](Instruction& i) { i.passes_on = true; }),
      instruction([](Instruction& i) { i.clash = 50; }),
      instruction([](Instruction& i) { i.source = 0; }),
      instruction([](Instruction& i) { i.m = 1; }),
      instruction([](Instruction& i) { i.n = 1; }),
      instruction([](Instruction& i) { i.split_n = false; }),
      instruction([](Instruction& i) { i.lane_waits = 1; }),
      instruction([](Instruction& i) { i.reduce_bits = 32; })};
  EXPECT_EQ((std::set<std::string>{keys.begin(), keys.end()}).size(), keys.size());
}

TEST(ExecutionHashes, LeaveOutWhatAProgramDoesNotSee) {
  const auto with = [](const std::string& key, const std::string& value) {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.scalar = value;
    return load_accelerator("rapid", {{key, node}});
  };
  const Accelerator rapid = load_accelerator("rapid");
  const Accelerator l1 = with("core.l1.capacity", "1 MiB"), array = with("core.mpe.columns", "4"), memory = with("memory.bandwidth", "50 GB/s");
  EXPECT_NE(l1.timing_hash, rapid.timing_hash);
  EXPECT_EQ(l1.execution_hashes.matrix, rapid.execution_hashes.matrix);
  EXPECT_NE(array.execution_hashes.matrix, rapid.execution_hashes.matrix);
  EXPECT_EQ(array.execution_hashes.vector, rapid.execution_hashes.vector);
  EXPECT_NE(memory.execution_hashes.vector, rapid.execution_hashes.vector);
}

}  // namespace
}  // namespace nibble
