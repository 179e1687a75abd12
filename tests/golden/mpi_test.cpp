// Proves, through mpirun and the real binary: ranks give the bytes that local processes give; what is wrong is one message
// and exit code 2. Skipped where the program was built without MPI.
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/golden/rank_files.hpp"

namespace nibble {
namespace {

using test::nibble;
using testing::HasSubstr;

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t times = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++times;
  return times;
}

class MpiSweep : public test::RankFiles {};

TEST_F(MpiSweep, AnyNumberOfRanksGivesTheSameRows) {
  const std::string local = expected();
  for (const int ranks : {1, 2, 4}) {
    const std::string file = database(std::to_string(ranks) + ".db");
    const test::Outcome outcome = test::run(on_ranks(ranks, {small(), "--out", file}));
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("12 new rows"));
    EXPECT_EQ(rows(file), local) << ranks;
  }
}

TEST_F(MpiSweep, RanksHaveProcessesAndSearchTogether) {
  const std::string file = sweep(
      "axes:\n  cores: [1, 2, 3, 4]\n  voltage: [0.6 V, 0.7 V, 0.75 V]\nobjectives: {time_s: min, energy_j: min}\n"
      "sampling: {method: nsga2, population: 4, generations: 2, seed: 3}\n");
  ASSERT_EQ(nibble({"sweep", file, "--out", database("local.db")}).code, 0);
  const test::Outcome outcome = test::run(on_ranks(2, {file, "--out", database("ranks.db"), "--jobs", "2"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(rows(database("ranks.db")), rows(database("local.db")));
}

TEST_F(MpiSweep, WhatIsWrongIsSaidOnceAndLeavesNoFile) {
  const std::string wrong = sweep("axes:\n  core.mpe.rosw: [8]\nobjectives: {time_s: min}\n");
  const test::Outcome file = test::run(on_ranks(3, {wrong, "--out", database("a.db")}));
  EXPECT_EQ(file.code, 2);
  EXPECT_EQ(count(file.err, "error [CFG-"), 1U) << file.err;
  const test::Outcome option = test::run(on_ranks(3, {small(), "--out", database("a.db"), "--shrad", "1/2"}));
  EXPECT_EQ(option.code, 2);
  EXPECT_EQ(count(option.err, "did you mean '--shard'?"), 1U) << option.err;
  EXPECT_NE(::access(database("a.db").c_str(), F_OK), 0) << "nothing half-written";
}

TEST_F(MpiSweep, TheSlurmScriptSweepsAndGoesOn) {
  const std::string local = expected(), script = std::string{NIBBLE_REPO_DIR} + "/scripts/sweep.slurm";
  ::setenv("NIBBLE", NIBBLE_BINARY, 1);
  ::setenv("LAUNCHER", mpirun(), 1);
  ::setenv("SLURM_SUBMIT_DIR", folder_.file("").c_str(), 1);
  ::setenv("SLURM_NTASKS", "2", 1);
  const test::Outcome part = test::run({"bash", script, small(), "--limit", "5"});
  EXPECT_EQ(part.code, 0) << part.err;
  EXPECT_THAT(test::run({"bash", script, small()}).out, HasSubstr("7 new rows in sweep.db"));
  EXPECT_EQ(rows(database("sweep.db")), local);
}

// Ranks on other machines read their own copy of the sweep.
TEST_F(MpiSweep, ARankThatReadsAnotherSweepIsNamed) {
  const std::string file = small();
  std::filesystem::create_directory(folder_.file("other"));
  std::filesystem::copy_file(file, folder_.file("other/sweep.yaml"));
  static_cast<void>(folder_.write("sweep.yaml", test::content_of(file) + "constraints: [cores <= 2]\n"));
  const test::Outcome outcome = test::run({mpirun(), "-n", "1", "--wdir", folder_.file(""), NIBBLE_BINARY, "sweep", "sweep.yaml",
                                           "--out", database("a.db"), ":", "-n", "2", "--wdir", folder_.file("other"),
                                           NIBBLE_BINARY, "sweep", "sweep.yaml", "--out", database("a.db")});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("rank 1: sweep.yaml is another sweep here than on rank 0"));
  EXPECT_NE(::access(database("a.db").c_str(), F_OK), 0);
}

// Without MPI every rank would sweep for itself, all into one database.
TEST_F(MpiSweep, AProgramWithoutMpiRefusesRanks) {
  std::filesystem::copy_file(NIBBLE_BINARY, folder_.file("nibble"));
  ::setenv("OMPI_COMM_WORLD_SIZE", "2", 1);
  const test::Outcome outcome = test::run({folder_.file("nibble"), "sweep", small(), "--out", database("a.db")});
  ::unsetenv("OMPI_COMM_WORLD_SIZE");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("built without MPI"));
  EXPECT_NE(::access(database("a.db").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace nibble
