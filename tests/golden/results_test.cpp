// Proves, through the real binary: the parts of a result add up, its formats agree, and equal inputs give
// equal bytes.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/golden/program.hpp"

namespace nibble {
namespace {

using test::nibble;
using test::nibble_json;
using testing::HasSubstr;

const std::vector<std::string> kStep = {"run", "--network", "resnet18", "--batch", "2", "--recipe", "fp16"};

std::vector<std::string> step(std::vector<std::string> more) {
  more.insert(more.begin(), kStep.begin(), kStep.end());
  return more;
}

TEST(Results, EqualInputsGiveEqualBytes) {
  const std::vector<std::string> command = step({"--format", "json", "--layers", "--energy-table"});
  EXPECT_EQ(nibble(command).out, nibble(command).out);
}

TEST(Results, OneSwitchAtATimeChangesTheHashesItShould) {
  const Json world = nibble_json(step({"--grid", "world"})).at("program").at("inputs");
  const Json france = nibble_json(step({"--grid", "france"})).at("program").at("inputs");
  EXPECT_NE(world.at("grid"), france.at("grid"));
  EXPECT_EQ(world.at("accelerator"), france.at("accelerator"));
  EXPECT_EQ(world.at("network"), france.at("network"));
}

TEST(Results, LayersAddUpToTheStep) {
  const Json run = nibble_json(step({"--layers"}));
  std::uint64_t cycles = 0, macs = 0, read = 0, memory_stall = 0;
  for (const Json& layer : run.at("layers")) {
    cycles += layer.at("cycles").get<std::uint64_t>();
    macs += layer.at("macs").get<std::uint64_t>();
    read += layer.at("bytes").at("memory_read").get<std::uint64_t>();
    memory_stall += layer.at("stalls").at("memory").get<std::uint64_t>();
  }
  EXPECT_EQ(run.at("cycles"), cycles);
  EXPECT_EQ(run.at("macs"), macs);
  EXPECT_EQ(run.at("bytes").at("memory_read"), read);
  EXPECT_EQ(run.at("array_cycles").at("memory"), memory_stall);
}

TEST(Results, ArrayCyclesAddUpToArraysTimesCycles) {
  const Json run = nibble_json(step({}));
  std::uint64_t sum = 0;
  for (const auto& [part, cycles] : run.at("array_cycles").items())
    sum += part == "total" ? 0 : cycles.get<std::uint64_t>();
  EXPECT_EQ(sum, run.at("cycles").get<std::uint64_t>() * run.at("machine").at("arrays").get<std::uint64_t>());
}

TEST(Results, APowerCapHoldsAndItsLostCyclesAreBooked) {
  const Json run = nibble_json(step({"--power-cap", "3", "--layers"}));
  std::uint64_t sum = 0, throttled = 0;
  for (const auto& [part, cycles] : run.at("array_cycles").items()) sum += part == "total" ? 0 : cycles.get<std::uint64_t>();
  EXPECT_EQ(sum, run.at("cycles").get<std::uint64_t>() * run.at("machine").at("arrays").get<std::uint64_t>());
  for (const Json& layer : run.at("layers")) throttled += layer.at("stalls").at("throttled").get<std::uint64_t>();
  EXPECT_EQ(run.at("array_cycles").at("throttled"), throttled);
  EXPECT_GT(throttled, 0U);
  EXPECT_LE(run.at("chip_power_w").get<double>(), 3);
  EXPECT_EQ(run.at("machine").at("power_cap_w"), 3.0);
}

TEST(Results, MeasuredZerosBuyClockUnderAPowerCap) {
  const auto capped = [](const char* throttling) {
    return nibble_json({"run", "--network", "vgg-28-trained", "--batch", "64", "--recipe", "fp16", "--mode", "inference", "--power-cap",
                        "2", "--throttling", throttling});
  };
  const Json aware = capped("sparsity_aware"), worst = capped("worst_case");
  EXPECT_GT(aware.at("activity").at("gated_macs").at("fp16").get<double>(), 0);
  EXPECT_LT(aware.at("cycles").get<double>(), worst.at("cycles").get<double>());
  EXPECT_LE(aware.at("chip_power_w").get<double>(), 2);
  EXPECT_EQ(worst.at("macs"), aware.at("macs"));
}

TEST(Results, AnOperatingPointIsTheVoltageAndClockThatItNames) {
  const Json run = nibble_json(step({"--operating-point", "low"}));
  EXPECT_EQ(run.at("machine").at("voltage_v"), 0.55);
  EXPECT_EQ(run.at("machine").at("clock_hz"), 1.0e9);
  Json numbered = nibble_json(step({"--operating-point", "1"}));
  numbered["program"] = run.at("program");  // its hash tells another text of the key
  EXPECT_EQ(numbered, run);
  const test::Outcome wrong = test::nibble({"run", "--operating-point", "turbo"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, testing::HasSubstr("--operating-point: error [CFG-CHOICE] operating_point = turbo"));
}

TEST(Results, EnergyTableAddsUpToTheTotal) {
  const Json run = nibble_json(step({"--energy-table"}));
  double sum = 0;
  for (const Json& row : run.at("energy_table")) {
    sum += row.at("count").get<double>() * row.at("each_pj").get<double>() * 1e-12;
    EXPECT_NE(row.at("source"), "") << row.at("event");
  }
  const double total = run.at("energy_j").at("total");
  EXPECT_NEAR(sum, total, 1e-9 * total);
}

TEST(Results, MacsAreThoseOfTheNetworkThreeTimesLessTheFirstInputGradient) {
  // Forward, dgrad and wgrad of every layer but no dgrad of the first: ResNet-18's conv1 is 118,013,952 MACs
  // a sample.
  const Json run = nibble_json(step({}));
  const Json inference = nibble_json(
      {"run", "--network", "resnet18", "--batch", "2", "--recipe", "fp16", "--mode", "inference"});
  EXPECT_EQ(run.at("passes").at("fwd").at("macs"), inference.at("macs"));
  EXPECT_EQ(run.at("passes").at("wgrad").at("macs"), inference.at("macs"));
  EXPECT_LE(run.at("passes").at("dgrad").at("macs").get<std::uint64_t>(),
            inference.at("macs").get<std::uint64_t>() - 2 * 118'013'952ULL);
}

TEST(Results, SimulatingEqualOperationsAgainChangesNothingThatIsTimed) {
  const Json once = nibble_json(step({"--layers"}));
  const Json again = nibble_json(step({"--layers", "--no-memoise"}));
  for (const char* key : {"cycles", "macs", "bytes", "energy_j", "passes"})
    EXPECT_EQ(once.at(key), again.at(key)) << key;
}

TEST(Results, WithoutResidencyMoreGoesThroughMemory) {
  const auto traffic = [](const Json& run) {
    return run.at("bytes").at("memory_read").get<std::uint64_t>() +
           run.at("bytes").at("memory_written").get<std::uint64_t>();
  };
  const std::vector<std::string> small = {"run", "--network", "mobilenetv2", "--batch",
                                          "4",   "--mode",    "inference"};
  std::vector<std::string> without = small;
  without.emplace_back("--no-residency");
  EXPECT_LT(traffic(nibble_json(small)), traffic(nibble_json(without)));
}

TEST(Results, AtBatchOneALargerScratchpadNeverMovesMoreNorTakesLonger) {
  const test::TemporaryFolder folder;
  double traffic = 1e300, time = 1e300;
  const double most = traffic;
  for (const int kib : {256, 512, 1024, 2048, 4096, 8192}) {
    const std::string machine = folder.write("l1.yaml", fmt::format("schema: nibble/accelerator/1\nextends: rapid\nname: l1\n"
                                                                    "core:\n  l1:\n    capacity: {{value: {} KiB, source: estimate}}\n", kib));
    const Json run = nibble_json({"run", "--network", "resnet50", "--recipe", "int4", "--mode", "inference", "--batch", "1",
                                  "--accelerator", machine});
    const double moved = run["bytes"]["memory_read"].get<double>() + run["bytes"]["memory_written"].get<double>();
    EXPECT_LE(moved, traffic) << kib << " KiB";
    EXPECT_LE(run["time_s"].get<double>(), time) << kib << " KiB";
    if (traffic == most) {
      EXPECT_GT(moved, 40e6);  // 256 KiB hold little: 51.5 MB without residency
    }
    traffic = moved;
    time = run["time_s"].get<double>();
  }
  EXPECT_LT(traffic, 30e6);
}

TEST(Results, CarbonFollowsTheGrid) {
  const Json world = nibble_json(step({"--grid", "world"}));
  for (const char* key : {"cycles", "energy_j"}) {
    EXPECT_EQ(world.at(key), nibble_json(step({"--grid", "france"})).at(key)) << key;
  }
  const Json& assumptions = world.at("carbon_assumptions");
  const double expected = world.at("energy_j").at("total").get<double>() / 3.6e6 *
                          assumptions.at("pue").get<double>() *
                          assumptions.at("intensity_g_per_kwh").get<double>();
  EXPECT_NEAR(world.at("carbon_g").at("operational").get<double>(), expected, 1e-12 * expected);
}

TEST(Results, EpochsScaleTheStepToATraining) {
  const Json run = nibble_json(step({"--epochs", "90"}));
  const Json& training = run.at("training_run");
  EXPECT_EQ(training.at("samples"), 1281167);
  EXPECT_DOUBLE_EQ(training.at("steps"), 90.0 * 640584.0);  // two samples a step, the last step half empty
  EXPECT_DOUBLE_EQ(training.at("time_s"),
                   training.at("steps").get<double>() * run.at("time_s").get<double>());
}

TEST(Results, CsvHasTheNumbersOfJson) {
  const Json run = nibble_json(step({}));
  const std::string csv = nibble(step({"--format", "csv"})).out;
  EXPECT_THAT(csv, HasSubstr("energy_j.total"));
  EXPECT_THAT(csv, HasSubstr(fmt::format(",{},", run.at("cycles").dump())));
  EXPECT_THAT(csv, HasSubstr(fmt::format(",{},", run.at("energy_j").at("total").dump())));
}

TEST(Results, TheTableNamesCoverageAndUnverifiedConstants) {
  const std::string table = nibble(step({})).out;
  EXPECT_THAT(table, HasSubstr("every layer has a cost"));
  EXPECT_THAT(table, HasSubstr("no source settles"));
}

TEST(Replay, ADumpedProgramGivesTheSameTimeTrafficAndEnergy) {
  const test::TemporaryFolder folder;
  const Json simulated = nibble_json(step({"--dump-program", folder.file("step.jsonl")}));
  const Json replayed = nibble_json({"run", "--program", folder.file("step.jsonl"), "--batch", "2"});
  for (const char* key : {"cycles", "macs", "bytes", "energy_j", "samples_per_s", "utilisation"}) {
    EXPECT_EQ(simulated.at(key), replayed.at(key)) << key;
  }
}

TEST(Replay, AProgramForAnotherMachineIsRefused) {
  const test::TemporaryFolder folder;
  static_cast<void>(nibble_json(step({"--dump-program", folder.file("step.jsonl")})));
  const std::string two_cores =
      folder.write("two.yaml", "schema: nibble/accelerator/1\nextends: rapid\nname: two\ncores: 2\n");
  const test::Outcome outcome =
      nibble({"run", "--program", folder.file("step.jsonl"), "--accelerator", two_cores});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("PRG-CORES"));
}

TEST(Replay, ABrokenProgramIsRefusedWithItsLine) {
  const test::TemporaryFolder folder;
  const std::string file = folder.write("broken.jsonl", "{\"schema\":\"nibble/program/1\"\n");
  const test::Outcome outcome = nibble({"run", "--program", file});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr(file + ":1"));
}

TEST(Compare, RunsAreThoseOfRunInTheOrderGiven) {
  const Json comparison =
      nibble_json({"compare", "--network", "resnet18", "--batch", "2", "--runs", "hfp8@rapid,fp16@rapid"});
  ASSERT_EQ(comparison.at("runs").size(), 2U);
  EXPECT_EQ(comparison.at("runs").at(0).at("recipe"), "hfp8");
  EXPECT_EQ(comparison.at("runs").at(1), nibble_json(step({})));
}

TEST(Compare, DoesNotDependOnHowManyRunAtOnce) {
  const std::vector<std::string> command = {"compare", "--network", "resnet18", "--batch",
                                            "1",       "--format",  "json",     "--jobs"};
  std::vector<std::string> one = command, four = command;
  one.emplace_back("1");
  four.emplace_back("4");
  EXPECT_EQ(nibble(one).out, nibble(four).out);
}

TEST(Compare, TheShortFormIsTheLongForm) {
  const std::vector<std::string> step = {"compare", "--network", "resnet18", "--batch",
                                         "1",       "--format",  "json"};
  std::vector<std::string> longer = step, shorter = step;
  longer.insert(longer.end(), {"--runs", "fp16@rapid,hfp8@rapid"});
  shorter.insert(shorter.end(), {"--accelerator", "rapid", "--recipes", "fp16,hfp8"});
  EXPECT_EQ(nibble(longer).out, nibble(shorter).out);
}

TEST(Compare, AChildsMistakeIsTheProgramsWithTheSameText) {
  const test::Outcome alone = nibble({"run", "--network", "resnet18", "--batch", "1", "--recipe", "fp4"});
  const test::Outcome together =
      nibble({"compare", "--network", "resnet18", "--batch", "1", "--runs", "fp16@rapid,fp4@rapid"});
  EXPECT_EQ(together.code, 2);
  EXPECT_EQ(together.out, "");
  EXPECT_EQ(together.err, alone.err);
}

TEST(Compare, TwoMachinesOfOneNameAreToldApartOrRefused) {
  const test::TemporaryFolder folder;
  const std::string file =
      folder.write("bigger.yaml", "schema: nibble/accelerator/1\nextends: rapid\ncores: 8\n");
  const test::Outcome outcome =
      nibble({"compare", "--network", "resnet18", "--batch", "1", "--runs", "fp16@rapid,fp16@" + file});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("CMP-NAME"));
}

}  // namespace
}  // namespace nibble
