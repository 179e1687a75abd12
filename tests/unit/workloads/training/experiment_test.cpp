// Proves: the shipped experiments load, recipes and all, and take away what they say; one at equal energy needs a run that
// pays, steps to pay for and a machine for each run; verdicts follow their rule.
#include "workloads/training/experiment.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "models/config/recipe.hpp"
#include "tests/support/error_id.hpp"

namespace nibble::training {
namespace {

TEST(Experiments, AtEqualEnergySayWhoseAndOnWhichMachines) {
  const Experiment shipped = load_experiment("equal-energy");
  EXPECT_EQ(shipped.equal_energy, "fp4");
  for (const ExperimentRun& run : shipped.runs) EXPECT_FALSE(run.accelerator.empty()) << run.label;
  const auto refused = [](const std::string& payer, const std::string& size, const std::string& machine) {
    const std::filesystem::path path = std::filesystem::path{testing::TempDir()} / fmt::format("nibble-experiment-{}.yaml", getpid());
    std::ofstream{path} << fmt::format("schema: nibble/experiment/1\nname: x\nclaim: x\nnetwork: cnn-28\ndata: x\nequal_energy: {}\n"
                                       "full: {{{}}}\nquick: {{}}\nruns:\n  - {{label: a, recipe: fp4{}}}\n", payer, size, machine);
    const std::string id = test::id_of([&] { static_cast<void>(load_experiment(path.string())); });
    std::filesystem::remove(path);
    return id;
  };
  EXPECT_EQ(refused("a", "steps: 3", ", accelerator: rapid-fp4"), "none");
  EXPECT_EQ(refused("b", "steps: 3", ", accelerator: rapid-fp4"), "CFG-VALUE");
  EXPECT_EQ(refused("a", "epochs: 3", ", accelerator: rapid-fp4"), "CFG-VALUE");
  EXPECT_EQ(refused("a", "steps: 3", ""), "CFG-VALUE");
}

TEST(Experiments, VerdictsFollowTheirRule) {
  ExperimentRun run;
  run.points = 0.5;
  const Spread reference{90, 0.3, 3};
  const auto say = [&](Claim claim, double mean) {
    run.claim = claim;
    return verdict(run, {mean, 0.3, 3}, reference);
  };
  EXPECT_NEAR(uncertainty(reference, reference), 2 * 0.3 * std::sqrt(2.0 / 3.0), 1e-12);  // 0.49
  EXPECT_EQ(say(Claim::within, 90.1), "holds");
  EXPECT_EQ(say(Claim::within, 89.6), "open");
  EXPECT_EQ(say(Claim::within, 88.9), "fails");
  EXPECT_EQ(say(Claim::worse, 88.9), "holds");
  EXPECT_EQ(say(Claim::worse, 90.1), "fails");
  EXPECT_EQ(say(Claim::none, 90.1), "-");
  EXPECT_EQ(verdict(run, {50, 0, 1}, reference), "-");
  run.claim = Claim::worse;
  EXPECT_EQ(verdict(run, {50, 0, 1}, reference), "open");
}

TEST(Experiments, NameWhatTheyTakeAway) {
  for (const std::string& name : shipped_experiments()) {
    for (const ExperimentRun& run : load_experiment(name).runs) EXPECT_NO_THROW(static_cast<void>(load_recipe(run.recipe)));
  }
  const Experiment four_bit = load_experiment("4-bit-2020");
  EXPECT_FALSE(four_bit.runs.at(2).variant.two_grids);
  EXPECT_TRUE(four_bit.runs.at(2).variant.grad_scale);
  EXPECT_FALSE(four_bit.runs.at(3).variant.grad_scale);
  EXPECT_EQ(load_experiment("8-bit").runs.at(2).variant.chunk_length, 0U);
}

}  // namespace
}  // namespace nibble::training
