// Proves: a program comes back from its JSON lines as it was, byte for byte when written again; every kind of broken
// file is refused with its id, file and line.
#include "sim/mapper/program_json.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <tuple>

#include "models/base/error.hpp"
#include "sim/mapper/program_check.hpp"
#include "tests/support/small_machine.hpp"
#include "tests/unit/sim/mapper/small_steps.hpp"

namespace nibble {
namespace {

std::vector<KernelProgram> read(const std::string& text) {
  std::istringstream input{text};
  return read_programs(input, "test.jsonl");
}

/// An instruction with every field different from its default and from every other.
Instruction full_instruction() {
  Instruction i;
  i.waits = {1, 2, 3, 4, 5};  // more than are stored in place
  i.acquires = {6};
  i.publishes = {7, 8};
  i.frees = {65535};
  i.bytes = Bytes{(std::uint64_t{1} << 63) + 1};  // more than a double holds
  i.multicast = 11;
  i.multicast_cores = 12;
  i.resident = true;
  i.m = 13;
  i.n = 14;
  i.k = 15;
  i.count = 16;
  i.accumulate = true;
  i.split_n = false;
  i.lane_ops = 17;
  i.lane_waits = 5;
  i.source = 3;
  i.l1_read = Bytes{18};
  i.l1_written = Bytes{19};
  i.reduce = 20;
  i.reduce_cores = 21;
  i.reduce_bytes = Bytes{22};
  i.reduce_bits = 32;
  i.interleave = 4;
  i.crossed = true;
  i.begins_on = 23;
  i.passes_on = true;
  return i;
}

void expect_equal(const Instruction& a, const Instruction& b) {
  EXPECT_EQ(a.waits, b.waits);
  EXPECT_EQ(a.acquires, b.acquires);
  EXPECT_EQ(a.publishes, b.publishes);
  EXPECT_EQ(a.frees, b.frees);
  EXPECT_EQ(a.bytes, b.bytes);
  EXPECT_EQ(a.multicast, b.multicast);
  EXPECT_EQ(a.multicast_cores, b.multicast_cores);
  EXPECT_EQ(a.resident, b.resident);
  EXPECT_EQ(std::tie(a.m, a.n, a.k, a.count), std::tie(b.m, b.n, b.k, b.count));
  EXPECT_EQ(a.accumulate, b.accumulate);
  EXPECT_EQ(a.split_n, b.split_n);
  EXPECT_EQ(a.lane_ops, b.lane_ops);
  EXPECT_EQ(a.lane_waits, b.lane_waits);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.l1_read, b.l1_read);
  EXPECT_EQ(a.l1_written, b.l1_written);
  EXPECT_EQ(a.reduce, b.reduce);
  EXPECT_EQ(a.reduce_cores, b.reduce_cores);
  EXPECT_EQ(a.reduce_bytes, b.reduce_bytes);
  EXPECT_EQ(a.reduce_bits, b.reduce_bits);
  EXPECT_EQ(a.interleave, b.interleave);
  EXPECT_EQ(a.crossed, b.crossed);
  EXPECT_EQ(a.begins_on, b.begins_on);
  EXPECT_EQ(a.passes_on, b.passes_on);
}

TEST(ProgramJson, EveryFieldComesBack) {
  KernelProgram program;
  program.layer = "layer \"1\"\n\tconv";
  program.pass = Pass::wgrad;
  program.mac_mode = "int4";
  program.a_format = "int4";
  program.b_format = "fp4-radix4";
  program.depthwise = true;
  program.a_zeros = 0.1;  // no binary fraction
  program.b_zeros = 1.0 / 3.0;
  program.slots = {Bytes{1}, Bytes{0}, Bytes{123456789012345}};
  program.mapping = "by hand";
  program.cores.resize(3);
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    program.cores[2].units[unit] = {full_instruction(), Instruction{}};
  }
  const std::vector<KernelProgram> back = read(to_json_lines(program));
  ASSERT_EQ(back.size(), 1u);
  const KernelProgram& copy = back.front();
  EXPECT_EQ(copy.layer, program.layer);
  EXPECT_EQ(copy.pass, program.pass);
  EXPECT_EQ(copy.mac_mode, program.mac_mode);
  EXPECT_EQ(copy.a_format, program.a_format);
  EXPECT_EQ(copy.b_format, program.b_format);
  EXPECT_EQ(copy.depthwise, program.depthwise);
  EXPECT_EQ(copy.a_zeros, program.a_zeros);
  EXPECT_EQ(copy.b_zeros, program.b_zeros);
  EXPECT_EQ(copy.slots, program.slots);
  EXPECT_EQ(copy.mapping, program.mapping);
  ASSERT_EQ(copy.cores.size(), 3u);
  EXPECT_TRUE(copy.cores[0].units[0].empty());
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    ASSERT_EQ(copy.cores[2].units[unit].size(), 2u);
    expect_equal(copy.cores[2].units[unit][0], full_instruction());
    expect_equal(copy.cores[2].units[unit][1], Instruction{});
  }
}

TEST(ProgramJson, MappedProgramsComeBackByteForByteAndPassTheCheck) {
  Step step = test::empty_step(4);
  test::add_conv(step, {.batch = 4, .in_channels = 16, .out_channels = 32, .size = 14, .kernel = 3, .padding = 1});
  test::add_vector(step, {0}, {2}, 4 * 16 * 14 * 14, 3.0);
  const Accelerator machine = test::small_machine(4);
  std::string text;
  for (std::size_t i = 0; i < 2; ++i) text += to_json_lines(map_operation(step, i, machine, {}, {}));
  std::string again;
  for (const KernelProgram& program : read(text)) {
    EXPECT_NO_THROW(check_program(program, machine));
    again += to_json_lines(program);
  }
  EXPECT_EQ(again, text);
}

TEST(ProgramJson, TheExampleInTheReadmeRuns) {
  std::ifstream readme{std::string{NIBBLE_REPO_DIR} + "/sim/mapper/README.md"};
  std::string text;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("    {")) text += line + "\n";
  }
  const std::vector<KernelProgram> programs = read(text);
  ASSERT_EQ(programs.size(), 1u);
  EXPECT_NO_THROW(check_program(programs.front(), test::small_machine(1)));
  EXPECT_EQ(totals(programs.front()).macs, Macs{4 * 64 * 64});
}

struct BadFile {
  const char* text;
  const char* id;
  int line;
};

void PrintTo(const BadFile& file, std::ostream* out) { *out << file.id << ": " << file.text; }

constexpr const char* kHeader = R"({"schema":"nibble/program/1","layer":"l","pass":"fwd","slots":[16],"cores":1})";

class BadProgramFile : public testing::TestWithParam<BadFile> {};

TEST_P(BadProgramFile, IsRefusedWithItsPlace) {
  const std::string text = std::string{GetParam().line > 1 ? std::string{kHeader} + "\n" : ""} + GetParam().text;
  try {
    (void)read(text);
    FAIL() << "accepted: " << text;
  } catch (const InputError& error) {
    const Problem& problem = error.problems().front();
    EXPECT_EQ(problem.id, GetParam().id) << problem.text();
    EXPECT_EQ(problem.file, "test.jsonl");
    EXPECT_EQ(problem.line, GetParam().line);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Corpus, BadProgramFile,
    testing::Values(
        BadFile{"", "PRG-EMPTY", 0}, BadFile{"{", "PRG-SYNTAX", 1}, BadFile{"[1]", "PRG-SYNTAX", 1},
        BadFile{R"({"core":0,"unit":"load"})", "PRG-SCHEMA", 1},
        BadFile{R"({"schema":"nibble/program/9","cores":1})", "PRG-SCHEMA", 1},
        BadFile{R"({"schema":"nibble/program/1","pass":"sideways","cores":1})", "PRG-PASS", 1},
        BadFile{R"({"schema":"nibble/program/1","pass":"fwd","cores":99999999})", "PRG-CORES", 1},
        BadFile{R"({"schema":"nibble/program/1","pass":"fwd","cores":1,"colour":1})", "PRG-UNKNOWN", 1},
        BadFile{R"({"core":1,"unit":"load"})", "PRG-CORES", 2}, BadFile{R"({"core":0,"unit":"dma"})", "PRG-UNIT", 2},
        BadFile{R"({"core":0,"unit":"load","byte":1})", "PRG-UNKNOWN", 2},
        BadFile{R"({"core":0,"unit":"load","bytes":-1})", "PRG-TYPE", 2},
        BadFile{R"({"core":0,"unit":"load","bytes":1.5})", "PRG-TYPE", 2},
        BadFile{R"({"core":0,"unit":"load","bytes":"1"})", "PRG-TYPE", 2},
        BadFile{R"({"core":0,"unit":"load","multicast":4294967296})", "PRG-TYPE", 2},
        BadFile{R"({"core":0,"unit":"load","resident":1})", "PRG-TYPE", 2},
        BadFile{R"({"core":0,"unit":"load","waits":[65536]})", "PRG-TYPE", 2},
        BadFile{R"({"core":0,"unit":"load","waits":[-1]})", "PRG-TYPE", 2},
        BadFile{R"({"core":0,"unit":"load","waits":3})", "PRG-TYPE", 2},
        BadFile{R"({"unit":"load"})", "PRG-MISSING", 2}, BadFile{R"({"core":0})", "PRG-MISSING", 2},
        BadFile{R"({"schema":"nibble/program/1","pass":"fwd"})", "PRG-MISSING", 1}));

}  // namespace
}  // namespace nibble
