// Proves, through the real binary: published figures are read, simulated, compared, and decide the exit code as documented.
#include <gmock/gmock.h>

#include <cmath>

#include "tests/golden/program.hpp"

namespace nibble {
namespace {

using test::nibble;
using test::nibble_json;
using testing::HasSubstr;

const std::string kHead =
    "schema: nibble/published/1\nname: mine\ndescription: d\ntolerance: 0.1\n"
    "runs:\n"
    "  fp16: {accelerator: rapid, recipe: fp16, mode: inference, batch: 1, networks: [resnet18, mobilenetv2], later: [no-such-network]}\n"
    "  slow: {accelerator: rapid, recipe: fp16, mode: inference, batch: 1, networks: [resnet18], set: {clock: 0.8 GHz}}\n"
    "  fast: {accelerator: rapid, recipe: fp16, mode: inference, batch: 1, networks: [resnet18]}\n"
    "  broken: {accelerator: core14, recipe: hfp8, mode: training, batch: 1, networks: [resnet18]}\n"
    "rows:\n";

std::string row(const std::string& published, const std::string& run, const std::string& trust = "verified",
                const std::string& more = "") {
  return "  - {what: w, source: isca21, trust: " + trust + ", " + published + ", run: {" + run + "}" + more + "}\n";
}

TEST(Published, RowsAreWhatTheirRunsSay) {
  const test::TemporaryFolder folder;
  const std::string file = folder.write(
      "mine.yaml", kHead + row("at_least: 0", "runs: fp16, of: samples_per_s, take: most") +
                       row("at_least: 0", "runs: fp16, of: samples_per_s, take: mean") +
                       row("at_least: 0", "runs: fp16, of: 2e-12 * macs / (energy_j.total - energy_j.memory), take: least") +
                       row("at_least: 1", "runs: fast, over: slow, of: cycles") +
                       row("at_least: 0", "runs: fast, of: utilisation, layers: \"layer4.*\""));
  const Json rows = nibble_json({"validate", "--only", file}).at("rows");
  const Json one = nibble_json({"run", "-n", "resnet18", "-r", "fp16", "-b", "1", "--mode", "inference", "--layers"});
  const Json two = nibble_json({"run", "-n", "mobilenetv2", "-r", "fp16", "-b", "1", "--mode", "inference"});
  const double first = one.at("samples_per_s"), second = two.at("samples_per_s");
  EXPECT_EQ(rows[0].at("ours"), std::max(first, second));
  EXPECT_EQ(rows[0].at("networks").at("resnet18"), first);
  EXPECT_THAT(rows[0].at("detail").get<std::string>(), HasSubstr("2 of 3 networks"));
  EXPECT_DOUBLE_EQ(rows[1].at("ours").get<double>(), (first + second) / 2);
  const auto per_watt = [](const Json& run) {
    return 2e-12 * run.at("macs").get<double>() /
           (run.at("energy_j").at("total").get<double>() - run.at("energy_j").at("memory").get<double>());
  };
  EXPECT_DOUBLE_EQ(rows[2].at("ours").get<double>(), std::min(per_watt(one), per_watt(two)));
  EXPECT_GT(rows[3].at("ours").get<double>(), 1.0);  // at half the clock memory is nearer, in cycles
  double used = 0, cycles = 0;
  for (const Json& layer : one.at("layers")) {
    if (!layer.at("name").get<std::string>().starts_with("layer4.") || layer.at("macs") == 0) continue;
    used += layer.at("utilisation").get<double>() * layer.at("cycles").get<double>();
    cycles += layer.at("cycles").get<double>();
  }
  EXPECT_DOUBLE_EQ(rows[4].at("ours").get<double>(), used / cycles);
}

TEST(Published, OnlyAVerifiedRowWithoutAReasonFails) {
  const test::TemporaryFolder folder;
  const std::string run = "runs: fast, of: samples_per_s";
  const auto outcome = [&](const std::string& rows) { return nibble({"validate", "--only", folder.write("mine.yaml", kHead + rows)}); };
  EXPECT_EQ(outcome(row("at_most: 1", run, "memory") + row("at_most: 1", run, "claim")).code, 0);
  const test::Outcome explained = outcome(row("at_most: 1", run, "verified", ", because: the moon is full"));
  EXPECT_EQ(explained.code, 0);
  EXPECT_THAT(explained.out, HasSubstr("Outside: w: the moon is full"));
  const test::Outcome failed = outcome(row("at_most: 1", run));
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.out, HasSubstr("no reason is known"));
  EXPECT_THAT(failed.err, HasSubstr("error [LAW] 1 verified figure"));
}

TEST(Published, ARunThatCannotBeCostsItsOwnRowAlone) {
  const test::TemporaryFolder folder;
  const std::string file = folder.write("mine.yaml", kHead + row("at_least: 0", "runs: broken, of: tops", "memory") +
                                                         row("at_least: 0", "runs: fast, of: tops"));
  const Json rows = nibble_json({"validate", "--only", file}).at("rows");
  EXPECT_TRUE(rows[0].at("ours").is_null());
  EXPECT_THAT(rows[0].at("detail").get<std::string>(), HasSubstr("does not multiply"));
  EXPECT_EQ(rows[1].at("within"), true);
}

TEST(Published, WrongWordsAreFoundBeforeAnythingRuns) {
  const test::TemporaryFolder folder;
  const std::string file = folder.write("mine.yaml", kHead + row("at_least: 0", "runs: fast, of: samples_per_sec"));
  const test::Outcome outcome = nibble({"validate", "--only", file});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("mine.yaml:11:"));
  EXPECT_THAT(outcome.err, HasSubstr("did you mean 'samples_per_s'?"));
  EXPECT_THAT(nibble({"validate", "--only", "peak"}).err, HasSubstr("did you mean 'peaks'?"));
  EXPECT_THAT(nibble({"validate", "--only", "peaks,peaks"}).err, HasSubstr("given twice"));
  EXPECT_THAT(nibble({"validate", "--only", "peaks", "--accelerator", "spyre"}).err, HasSubstr("are for the group spyre"));
  EXPECT_THAT(nibble({"validate", "--only", "spyre,peaks", "--format", "csv"}).err, HasSubstr("CSV is one table"));
}

TEST(Published, ArithmeticAndFormulasMeetWhatWasPublished) {
  const Json document = nibble_json({"validate", "--only", "peaks,carbon"});
  EXPECT_EQ(document.at("within"), document.at("rows").size());
  EXPECT_GE(document.at("rows").size(), 30U);
  EXPECT_EQ(document.at("failed"), 0);
}

}  // namespace
}  // namespace nibble
