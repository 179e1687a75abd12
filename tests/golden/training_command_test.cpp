// Proves: a training is charged what `nibble run` says of its own trace, step by step; what no machine can run is refused
// before the training starts. Reports show every layer, with the zeros that the trace has, and come out alike when a
// finished training is asked for again. Runs at equal energy take the steps that equally many joules pay.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <tuple>

#include "tests/golden/program.hpp"
#include "workloads/trace/network.hpp"

namespace nibble {
namespace {

using testing::HasSubstr;

constexpr double kSteps = 4;  // 32 pieces of 64 bytes in batches of 8

class TrainCommand : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(std::filesystem::path{NIBBLE_BINARY}.parent_path() / "nibble-training")) {
      GTEST_SKIP() << "built without libtorch";
    }
    std::string text;
    while (text.size() < 3000) text += "in the beginning was the word, and the word was with ";
    data_ = folder_.write("text.txt", text);
  }

  [[nodiscard]] test::Outcome train(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"train", "--network", "lstm-text", "--data", data_, "--emulation", "fast", "--batch", "8",
                                 "--epochs", "1", "--samples", "32"};
    all.insert(all.end(), more.begin(), more.end());
    return test::nibble(all);
  }

  test::TemporaryFolder folder_;
  std::string data_;
};

TEST_F(TrainCommand, ChargesWhatRunSaysOfItsTrace) {
  const test::Outcome done = train({"--energy", "rapid-fp4,fp16@rapid", "--trace", folder_.file("t.yaml"), "--out", folder_.file("run")});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("4 steps"));
  const Json costs = Json::parse(test::content_of(folder_.file("run/energy.json")));
  for (const auto& [run, recipe, accelerator] : {std::tuple{0, "fp4", "rapid-fp4"}, std::tuple{1, "fp16", "rapid"}}) {
    const Json step = test::nibble_json({"run", "--network", folder_.file("t.yaml"), "--recipe", recipe, "--accelerator", accelerator, "--batch", "8"});
    const Json& charged = costs.at("runs").at(static_cast<std::size_t>(run));
    EXPECT_EQ(charged.at("energy_j"), step.at("energy_j"));
    EXPECT_EQ(charged.at("training_run").at("steps").get<double>(), kSteps);
    EXPECT_DOUBLE_EQ(charged.at("training_run").at("time_s").get<double>(), kSteps * step.at("time_s").get<double>());
  }
}

TEST_F(TrainCommand, ReportsEveryLayerAndTheSameAgain) {
  const std::vector<std::string> options{"--trace", folder_.file("t.yaml"), "--out", folder_.file("run")};
  ASSERT_EQ(train(options).code, 0);
  const std::string histograms = test::content_of(folder_.file("run/histograms.json")), page = test::content_of(folder_.file("run/report.html"));
  EXPECT_EQ(test::content_of(folder_.file("t.histograms.json")), histograms);
  const Network trace = load_network(folder_.file("t.yaml"));
  const Json layers = Json::parse(histograms).at("layers");
  ASSERT_EQ(layers.size(), trace.layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    EXPECT_EQ(layers[i].at("name"), trace.layers[i].name);
    EXPECT_NEAR(layers[i].at("activation").at("zeros").get<double>(), trace.layers[i].activation_zeros.value_or(-1), 5e-5);
    if (layers[i].at("activation").at("exponents").empty()) continue;
    EXPECT_THAT(page, HasSubstr(">" + trace.layers[i].name + "<"));
  }
  const std::string curves = test::content_of(folder_.file("run/curves.svg"));
  EXPECT_THAT(curves, testing::StartsWith("<svg "));
  EXPECT_THAT(page, HasSubstr(curves));
  ASSERT_EQ(train(options).code, 0);  // nothing is left to train
  EXPECT_EQ(test::content_of(folder_.file("run/histograms.json")), histograms);
  EXPECT_EQ(test::content_of(folder_.file("run/report.html")), page);
}

/// fp16's steps for the joules of 6 of fp4's, by what `nibble run` says of one each.
TEST_F(TrainCommand, ReproduceGivesRunsAtEqualEnergyTheStepsThatTheirJoulesPay) {
  const std::string experiment = folder_.write("energy.yaml", fmt::format(
      "schema: nibble/experiment/1\nname: energy\nclaim: none\nnetwork: lstm-text\ndata: {}\nequal_energy: fp4\n"
      "full: {{steps: 6, batch: 8, samples: 32, tests: 8, seeds: 1}}\nquick: {{}}\nruns:\n"
      "  - {{label: fp4, recipe: fp4, accelerator: rapid-fp4, emulation: fast}}\n"
      "  - {{label: fp16, recipe: fp16, accelerator: rapid, emulation: fast}}\n", data_));
  const auto joules = [](const char* recipe, const char* accelerator) {
    return test::nibble_json({"run", "--network", "lstm-text", "--recipe", recipe, "--accelerator", accelerator, "--batch", "8"})
        .at("energy_j").at("total").get<double>();
  };
  const double fp4 = joules("fp4", "rapid-fp4"), fp16 = joules("fp16", "rapid");
  const double steps = std::round(6 * fp4 / fp16);
  EXPECT_LT(steps, 6);
  const test::Outcome done = test::nibble({"reproduce", "--only", experiment, "--format", "markdown", "--out", folder_.file("out"), "--jobs", "1"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr(fmt::format("| fp4 | fp4 | fast | {:.0f} | 6 | {:.1f} |", 1e6 * fp4, 6e3 * fp4)));
  EXPECT_THAT(done.out, HasSubstr(fmt::format("| fp16 | fp16 | fast | {:.0f} | {:.0f} | {:.1f} |", 1e6 * fp16, steps, 1e3 * steps * fp16)));
}

/// All that can run does, and what cannot is named with the way to its data; asked for by name, it is an error.
TEST_F(TrainCommand, ReproduceLeavesOutWhatHasNoData) {
  namespace fs = std::filesystem;
  fs::create_directories(folder_.file("configs/experiments"));
  fs::create_directory_symlink(fs::path{NIBBLE_REPO_DIR} / "workloads", folder_.file("workloads"));
  for (const char* kind : {"recipes", "accelerators", "technologies"}) {
    fs::create_directory_symlink(fs::path{NIBBLE_REPO_DIR} / "configs" / kind, folder_.file("configs") + "/" + kind);
  }
  const auto write = [&](const char* name, const std::string& data) {
    return folder_.write(fmt::format("configs/experiments/{}.yaml", name), fmt::format(
        "schema: nibble/experiment/1\nname: {}\nclaim: none\nnetwork: lstm-text\ndata: {}\n"
        "full: {{steps: 2, batch: 8, samples: 16, tests: 8, seeds: 1}}\nquick: {{}}\nruns:\n"
        "  - {{label: fp32, recipe: fp32, emulation: fast}}\n", name, data));
  };
  static_cast<void>(write("with", data_));
  static_cast<void>(write("without", "cifar-10"));
  ::setenv("NIBBLE_DATA", folder_.file("").c_str(), 1);
  ::setenv("NIBBLE_DATASETS", folder_.file("none").c_str(), 1);
  const test::Outcome all = test::nibble({"reproduce", "--out", folder_.file("out")});
  const test::Outcome asked = test::nibble({"reproduce", "--only", "without", "--out", folder_.file("out")});
  ::unsetenv("NIBBLE_DATA");
  ::unsetenv("NIBBLE_DATASETS");
  EXPECT_EQ(all.code, 0) << all.err;
  const std::string left_out = "Left out, since their data is not there: without. To get it: scripts/fetch_data.sh cifar-10\n";
  EXPECT_THAT(all.out, testing::AllOf(HasSubstr("1 trainings took"), HasSubstr(left_out)));
  EXPECT_THAT(all.err, HasSubstr(left_out)) << "before the first hour";
  EXPECT_EQ(asked.code, 2);
  EXPECT_THAT(asked.err, HasSubstr("cifar-10 is not in"));
}

TEST_F(TrainCommand, RefusesAMachineThatCannotBeforeItTrains) {
  for (const char* energy : {"spyre", "no-such-machine", "rapid-fp4,rapid-fp4", "@rapid"}) {
    const test::Outcome refused = train({"--energy", energy});
    EXPECT_EQ(refused.code, 2) << energy;
    EXPECT_EQ(refused.out, "") << energy;
  }
}

}  // namespace
}  // namespace nibble
