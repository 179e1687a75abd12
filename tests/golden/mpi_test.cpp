// Proves, through mpirun and the real binary: ranks give the bytes that local processes give; a killed rank or mpirun loses
// and doubles nothing; what is wrong is one message and exit code 2. Skipped where the program was built without MPI.
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/golden/sweep_files.hpp"

namespace nibble {
namespace {

using test::nibble;
using testing::HasSubstr;

#ifdef NIBBLE_MPIRUN
constexpr const char* kMpirun = NIBBLE_MPIRUN;
#else
constexpr const char* kMpirun = "";
#endif

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t times = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++times;
  return times;
}

class MpiSweep : public test::SweepFiles {
 protected:
  void SetUp() override {
    if (*kMpirun == '\0') GTEST_SKIP() << "built without MPI (Debian: apt install libboost-mpi-dev openmpi-bin)";
    // Open MPI asks root whether it means it, and wants a processor for each rank.
    for (const char* name : {"OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"}) ::setenv(name, "1", 1);
    ::setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 1);
    ::setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 1);
    ::setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 1);  // which containers forbid
  }

  static std::vector<std::string> on_ranks(int ranks, const std::vector<std::string>& arguments) {
    std::vector<std::string> command{kMpirun, "-n", std::to_string(ranks), NIBBLE_BINARY, "sweep"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
  }

  /// The ranks of a job, once there are `ranks` of them.
  static std::vector<int> ranks_of(int mpirun, std::size_t ranks) {
    for (int tries = 0; tries < 1000; ++tries) {
      if (std::vector<int> found = test::children_of(mpirun); found.size() == ranks) return found;
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return {};
  }

  std::string expected() {
    EXPECT_EQ(nibble({"sweep", small(), "--out", database("local.db")}).code, 0);
    return rows(database("local.db"));
  }
};

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

TEST_F(MpiSweep, KilledRanksLoseAndDoubleNothing) {
  const std::string local = expected();
  const auto command = on_ranks(3, {small(), "--out", database("cut.db"), "--resume"});
  for (int round = 0; round < 4; ++round) {
    const int mpirun = test::start(command);
    const std::vector<int> ranks = ranks_of(mpirun, 3);
    ASSERT_EQ(ranks.size(), 3U);
    std::this_thread::sleep_for(std::chrono::milliseconds{170 + 130 * round});
    const int victim = round == 3 ? mpirun : ranks[static_cast<std::size_t>(round)];
    ::kill(victim, SIGKILL);
    static_cast<void>(test::end_of(mpirun));
    for (const int rank : ranks) EXPECT_TRUE(test::gone(rank));
  }
  const test::Outcome last = test::run(command);
  EXPECT_EQ(last.code, 0) << last.err;
  EXPECT_EQ(rows(database("cut.db")), local);
  EXPECT_THAT(test::run(command).out, HasSubstr("0 new rows"));
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
  ::setenv("LAUNCHER", kMpirun, 1);
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
  const test::Outcome outcome = test::run({kMpirun, "-n", "1", "--wdir", folder_.file(""), NIBBLE_BINARY, "sweep", "sweep.yaml",
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
