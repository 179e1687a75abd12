// Proves, through the real binary: a sweep's rows are what `run` says of the same machine, and the same whatever the number of
// jobs and shards (faults_test.cpp has kills and interruptions); what goes wrong with a point is a row, what is wrong with the file an error.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <map>

#include "tests/golden/sweep_files.hpp"

namespace nibble {
namespace {

using test::nibble;
using testing::HasSubstr;

class SweepCommand : public test::SweepFiles {};

TEST_F(SweepCommand, ARowIsWhatRunSaysOfThatMachine) {
  const std::string file = sweep("axes:\n  cores: [2]\n  die_area: [36 mm2]\nobjectives: {time_s: min}\n");
  ASSERT_EQ(nibble({"sweep", file, "--out", database("a.db")}).code, 0);
  const std::string machine = folder_.write("machine.yaml", "schema: nibble/accelerator/1\nextends: rapid\nname: m\ncores: {value: 2, source: estimate}\n");
  for (const Json& row : json_rows(database("a.db"))) {
    const Json run = test::nibble_json({"run", "--network", "resnet18", "--batch", "1", "--accelerator", machine, "--recipe", row["recipe"].get<std::string>()});
    EXPECT_EQ(row["time_s"], run["time_s"]);
    EXPECT_EQ(row["energy_j"], run["energy_j"]["total"]);
    EXPECT_EQ(row["carbon_g"], run["carbon_g"]["total"]);
  }
}

// Points that differ in L1 share the kernels that map alike, points that differ in their arrays share vector work.
TEST_F(SweepCommand, RowsThatShareKernelsAreWhatRunSays) {
  const std::string file = sweep("axes:\n  core.mpe.columns: [4, 8]\n  core.l1.capacity: [1 MiB, 2 MiB]\n  die_area: [36 mm2]\nobjectives: {time_s: min}\n");
  ASSERT_EQ(nibble({"sweep", file, "--out", database("a.db"), "--jobs", "1"}).code, 0);
  const Json rows = json_rows(database("a.db"));
  ASSERT_EQ(rows.size(), 8U);
  for (const Json& row : rows) {
    const std::string machine = folder_.write("machine.yaml", fmt::format(
        "schema: nibble/accelerator/1\nextends: rapid\nname: m\ncore:\n  mpe: {{columns: {{value: {}, source: estimate}}}}\n"
        "  l1: {{capacity: {{value: {} B, source: estimate}}}}\n",
        row["core.mpe.columns"].get<int>(), row["core.l1.capacity"].get<int>()));
    const Json run = test::nibble_json({"run", "--network", "resnet18", "--batch", "1", "--accelerator", machine, "--recipe", row["recipe"].get<std::string>()});
    EXPECT_EQ(row["time_s"], run["time_s"]);
    EXPECT_EQ(row["energy_j"], run["energy_j"]["total"]);
  }
}

TEST_F(SweepCommand, SwitchesOfARunAreAxesToo) {
  const std::string file = sweep("axes:\n  recompute: [\"false\", \"true\"]\n  residency: [true, false]\n  die_area: [36 mm2]\nobjectives: {time_s: min}\n");
  ASSERT_EQ(nibble({"sweep", file, "--out", database("a.db"), "--jobs", "1"}).code, 0);
  const Json rows = json_rows(database("a.db"));
  ASSERT_EQ(rows.size(), 8U);
  const std::string machine = folder_.write("machine.yaml", "schema: nibble/accelerator/1\nextends: rapid\nname: m\n");
  for (const Json& row : rows) {
    std::vector<std::string> words{"run", "--network", "resnet18", "--batch", "1", "--accelerator", machine, "--recipe", row["recipe"].get<std::string>()};
    if (row["recompute"] == "true") words.emplace_back("--recompute");
    if (row["residency"] == "false") words.emplace_back("--no-residency");
    EXPECT_EQ(row["time_s"], test::nibble_json(words)["time_s"]) << row.dump();
  }
  const test::Outcome wrong = nibble({"sweep", sweep("axes:\n  recompute: [maybe]\nobjectives: {time_s: min}\n"), "--out", database("b.db")});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("recompute = maybe"));
  EXPECT_THAT(wrong.err, HasSubstr("needs true or false"));
}

TEST_F(SweepCommand, JobsAndShardsChangeNothing) {
  const std::string file = small();
  ASSERT_EQ(nibble({"sweep", file, "--out", database("one.db"), "--jobs", "1"}).code, 0);
  ASSERT_EQ(nibble({"sweep", file, "--out", database("two.db"), "--jobs", "3"}).code, 0);
  ASSERT_EQ(nibble({"sweep", file, "--out", database("a.db"), "--shard", "1/2"}).code, 0);
  ASSERT_EQ(nibble({"sweep", file, "--out", database("b.db"), "--shard", "2/2"}).code, 0);
  ASSERT_EQ(nibble({"merge", "--out", database("merged.db"), database("b.db"), database("a.db")}).code, 0);
  const std::string expected = rows(database("one.db"));
  EXPECT_EQ(std::count(expected.begin(), expected.end(), '\n'), 12);
  EXPECT_EQ(rows(database("two.db")), expected);
  EXPECT_EQ(rows(database("merged.db")), expected);
}

TEST_F(SweepCommand, APointThatDoesNotFitOrTakesTooLongIsARow) {
  const std::string file = sweep("axes:\n  core.l1.capacity: [1 KiB, 2 MiB]\nobjectives: {time_s: min}\n");
  ASSERT_EQ(nibble({"sweep", file, "--out", database("a.db")}).code, 0);
  const Json rows = json_rows(database("a.db"));
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0]["status"], "invalid");
  EXPECT_NE(rows[0]["reason"], "");
  EXPECT_EQ(rows[2]["status"], "done");
  ASSERT_EQ(nibble({"sweep", file, "--out", database("b.db"), "--point-timeout", "0.001"}).code, 0);
  EXPECT_EQ(json_rows(database("b.db"))[2]["status"], "failed");
  ASSERT_EQ(nibble({"sweep", file, "--out", database("b.db"), "--resume", "--retry-failed"}).code, 0);
  EXPECT_EQ(json_rows(database("b.db")), rows);
}

TEST_F(SweepCommand, ConstraintsExcludeBeforeAndAfterTheSimulation) {
  const std::string file = sweep("axes:\n  cores: [1, 2, 4]\nconstraints: [cores <= 2, power_w < 0]\nobjectives: {time_s: min}\n");
  ASSERT_EQ(nibble({"sweep", file, "--out", database("a.db")}).code, 0);
  const Json rows = json_rows(database("a.db"));
  EXPECT_EQ(rows[0]["status"], "done");
  EXPECT_EQ(rows[0]["feasible"], 0);
  EXPECT_EQ(rows[4]["status"], "excluded");
  EXPECT_EQ(rows[4]["reason"], "cores <= 2");
}

struct WrongSweep {
  const char* rest;
  const char* said;
};
void PrintTo(const WrongSweep& wrong, std::ostream* out) { *out << wrong.said; }
class WrongSweeps : public SweepCommand, public testing::WithParamInterface<WrongSweep> {};

TEST_P(WrongSweeps, AreRefusedBeforeTheFirstPoint) {
  const test::Outcome outcome = nibble({"sweep", sweep(GetParam().rest), "--out", database("a.db")});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(GetParam().said));
  EXPECT_NE(::access(database("a.db").c_str(), F_OK), 0) << "nothing half-written";
}

INSTANTIATE_TEST_SUITE_P(
    Corpus, WrongSweeps,
    testing::Values(WrongSweep{"axes:\n  core.mpe.rosw: [8]\nobjectives: {time_s: min}\n", "sweep.yaml:9:"},
                    WrongSweep{"axes:\n  cores: [2, many]\nobjectives: {time_s: min}\n", "many"},
                    WrongSweep{"axes:\n  cores: [2]\nobjectives: {speed: min}\n", "'speed' is no metric"},
                    WrongSweep{"axes:\n  cores: [2]\nconstraints: [kores <= 2]\nobjectives: {time_s: min}\n", "kores"}));

TEST_F(SweepCommand, WhatCannotBeMergedOrSampledLeavesNoFile) {
  const std::string file = sweep("axes:\n  cores: [1]\nobjectives: {time_s: min}\n");
  ASSERT_EQ(nibble({"sweep", file, "--out", database("a.db")}).code, 0);
  ASSERT_EQ(nibble({"sweep", small(), "--out", database("b.db"), "--limit", "1"}).code, 0);
  EXPECT_EQ(nibble({"merge", "--out", database("m.db"), database("a.db"), database("b.db")}).code, 2);
  EXPECT_EQ(nibble({"merge", "--out", database("m.db"), database("a.db"), database("none.db")}).code, 2);
  const std::string search = sweep("axes:\n  cores: [1, 2]\nobjectives: {time_s: min}\nsampling: {method: nsga2, population: 4, generations: 1}\n");
  EXPECT_EQ(nibble({"sweep", search, "--out", database("m.db"), "--shard", "1/2"}).code, 2);
  EXPECT_NE(::access(database("m.db").c_str(), F_OK), 0);
}

TEST_F(SweepCommand, NsgaTwoSearchesAndRepeats) {
  const std::string file = sweep("axes:\n  cores: [1, 2, 3, 4]\n  voltage: [0.6 V, 0.7 V, 0.75 V]\nobjectives: {time_s: min, energy_j: min}\n"
                                 "sampling: {method: nsga2, population: 4, generations: 2, seed: 3}\n");
  ASSERT_EQ(nibble({"sweep", file, "--out", database("a.db"), "--jobs", "1"}).code, 0);
  ASSERT_EQ(nibble({"sweep", file, "--out", database("b.db"), "--jobs", "2", "--limit", "3"}).code, 0);
  ASSERT_EQ(nibble({"sweep", file, "--out", database("b.db"), "--jobs", "2", "--resume"}).code, 0);
  EXPECT_EQ(rows(database("b.db")), rows(database("a.db")));
  EXPECT_GT(json_rows(database("a.db")).size(), 8U);  // more than the first generation, of two recipes
}

TEST_F(SweepCommand, ADatabaseIsNeverOverwritten) {
  const std::string file = sweep("axes:\n  cores: [1]\nobjectives: {time_s: min}\n");
  ASSERT_EQ(nibble({"sweep", file, "--out", database("a.db")}).code, 0);
  EXPECT_THAT(nibble({"sweep", file, "--out", database("a.db")}).err, HasSubstr("SWP-OUT"));
  EXPECT_THAT(nibble({"sweep", small(), "--out", database("a.db"), "--resume"}).err, HasSubstr("SWP-OUT"));
}

TEST_F(SweepCommand, ParetoKeepsWhatNothingBeats) {
  ASSERT_EQ(nibble({"sweep", small(), "--out", database("a.db")}).code, 0);
  const Json all = json_rows(database("a.db"));
  const Json front = Json::parse(nibble({"results", database("a.db"), "--pareto", "time,area", "--format", "json"}).out);
  EXPECT_LT(front.size(), all.size());
  for (const Json& row : all) {
    bool beaten = false;
    for (const Json& other : all) {
      beaten = beaten || (other["time_s"] <= row["time_s"] && other["area_mm2"] <= row["area_mm2"] &&
                          (other["time_s"] < row["time_s"] || other["area_mm2"] < row["area_mm2"]));
    }
    const bool kept = std::any_of(front.begin(), front.end(), [&](const Json& f) { return f["point"] == row["point"] && f["recipe"] == row["recipe"]; });
    EXPECT_EQ(kept, !beaten) << row;
  }
}

// Cores of a grid: the mean over all rows of a level, by a sum over the rows as they are printed.
TEST_F(SweepCommand, EffectsAreTheMeansOfLevels) {
  ASSERT_EQ(nibble({"sweep", small(), "--out", database("a.db")}).code, 0);
  const Json rows = json_rows(database("a.db"));
  double all = 0;
  for (const Json& row : rows) all += std::log(row["time_s"].get<double>()) / static_cast<double>(rows.size());
  std::map<int, double> sums;
  for (const Json& row : rows) sums[row["cores"]] += std::log(row["time_s"].get<double>()) / 4;
  const Json effects = Json::parse(nibble({"results", database("a.db"), "--effects", "--format", "json"}).out);
  ASSERT_EQ(effects.size(), 3U + 2U + 2U + 1U);
  for (std::size_t level = 0; level < 3; ++level) {
    EXPECT_EQ(effects[level]["axis"], "cores");
    EXPECT_NEAR(effects[level]["time_s.factor"], std::exp(sums[effects[level]["value"]] - all), 1e-12);
  }
  EXPECT_NEAR(effects[3]["time_s.factor"], 1, 1e-12) << "voltage alone changes no time here";
}

TEST_F(SweepCommand, TheReportIsOneFileWholeOrNotAtAll) {
  ASSERT_EQ(nibble({"sweep", small(), "--out", database("a.db")}).code, 0);
  ASSERT_EQ(nibble({"results", database("a.db"), "--report", folder_.file("a.html")}).code, 0);
  const std::string page = test::content_of(folder_.file("a.html"));
  EXPECT_THAT(page, testing::EndsWith("</html>\n"));
  for (const char* outside : {"src=", "href=", "@import", "url(", "fetch("}) EXPECT_THAT(page, testing::Not(HasSubstr(outside)));
  const test::Outcome none = nibble({"results", database("a.db"), "--where", "time_s < 0", "--report", folder_.file("b.html")});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("DB-ROWS"));
  EXPECT_NE(::access(folder_.file("b.html").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace nibble
