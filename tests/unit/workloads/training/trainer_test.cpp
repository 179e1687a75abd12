// Proves: a run that was interrupted goes on bit for bit; 4-bit training learns; what doesn't fit is refused.
#include "workloads/training/trainer.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <numeric>

#include "models/formats/random.hpp"
#include "tests/support/error_id.hpp"

namespace nibble::training {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() : path_{fs::temp_directory_path() / ("nibble-trainer-" + std::to_string(getpid()))} { fs::create_directories(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] fs::path file(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

/// Grey noise of 28 x 28 with a bright bar whose row tells the class.
ImageSet bars(std::size_t images, std::uint64_t seed) {
  ImageSet set{1, 28, 28, {}, {}};
  const RandomBits random{seed, 0};
  for (std::size_t i = 0; i < images; ++i) {
    const auto label = static_cast<std::uint8_t>(random.at(i) % 10);
    set.labels.push_back(label);
    for (std::size_t p = 0; p < 784; ++p) {
      const bool bar = p / 28 / 2 == label + 2U;
      set.pixels.push_back(static_cast<std::uint8_t>((bar ? 180U : 0U) + random.at(images + i * 784 + p) % 70));
    }
  }
  return set;
}

Dataset data() { return {"bars", bars(320, 1), bars(128, 2)}; }

TrainingOptions options() {
  TrainingOptions options;
  options.epochs = 6;
  options.batch = 32;
  options.seed = 5;
  return options;
}

class Recipes : public testing::TestWithParam<const char*> {};

TEST_P(Recipes, GoOnAsIfNeverInterrupted) {
  const Folder folder;
  const Network network = load_network("cnn-28");
  const Recipe recipe = load_recipe(GetParam());
  const Dataset set = data();
  Trainer whole{network, recipe, set, options()};
  const auto expected = whole.run();

  static_cast<void>(Trainer{network, recipe, set, options(), folder.file("run")}.run({}, {}, 1));
  Trainer second{network, recipe, set, options(), folder.file("run")};
  const auto results = second.run();
  EXPECT_EQ(second.state_hash(), whole.state_hash());
  ASSERT_EQ(results.size(), 6U);
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].loss, expected[i].loss);
    EXPECT_EQ(results[i].test_accuracy, expected[i].test_accuracy);
  }
  EXPECT_LT(expected.back().loss, 0.75 * expected.front().loss);
  EXPECT_GT(expected.back().test_accuracy, 0.45);  // after 60 steps; chance: 0.10 +- 0.03
}

INSTANTIATE_TEST_SUITE_P(Train, Recipes, testing::Values("fp4", "hfp8"));

TEST(Trainer, ASetNumberOfStepsCutsTheLastEpochShort) {
  const Network network = load_network("cnn-28");
  const Recipe recipe = load_recipe("fp32");
  const Dataset set = data();
  const auto trained = [&](std::uint64_t steps, std::uint64_t epochs, std::uint64_t& taken, const std::filesystem::path& folder, std::uint64_t until) {
    TrainingOptions some = options();
    some.emulation = Emulation::fast;
    some.epochs = epochs;
    some.steps = steps;
    Trainer trainer{network, recipe, set, some, folder};
    const std::size_t results = trainer.run([&](const StepProgress&) { ++taken; }, {}, until).size();
    return std::pair{results, trainer.state_hash()};
  };
  std::uint64_t none = 0, cut = 0, resumed = 0, whole = 0;
  const Folder folder;
  EXPECT_EQ(trained(20, 6, whole, {}, 0), trained(0, 2, none, {}, 0));  // 10 an epoch
  const auto once = trained(25, 6, cut, {}, 0);
  EXPECT_EQ(once.first, 3U);
  EXPECT_EQ(cut, 25U);
  EXPECT_NE(once.second, trained(24, 6, none, {}, 0).second);
  static_cast<void>(trained(25, 6, resumed, folder.file("run"), 2));
  EXPECT_EQ(trained(25, 6, resumed, folder.file("run"), 0), once);
  EXPECT_EQ(resumed, 25U);
}

/// The same few words again and again: what comes next can be learned from what came before alone.
Dataset words() {
  Dataset data;
  data.name = "words";
  const std::string text = "in the beginning was the word, and the word was with ";
  for (std::size_t i = 0; i < 64 * 130; ++i) data.text.train.push_back(static_cast<std::uint8_t>(text[i % text.size()]));
  data.text.test.assign(data.text.train.begin(), data.text.train.begin() + 64 * 8 + 1);
  return data;
}

class Languages : public testing::TestWithParam<const char*> {};

TEST_P(Languages, AreLearnedInFourBitsAndGoOnAsIfNeverInterrupted) {
  const Folder folder;
  const Network network = load_network(GetParam());
  const Recipe recipe = load_recipe("fp4");
  const Dataset set = words();
  TrainingOptions language;
  language.epochs = 5;
  language.batch = 8;
  language.rate = 0.2;
  language.emulation = Emulation::fast;
  Trainer whole{network, recipe, set, language};
  const auto results = whole.run();
  static_cast<void>(Trainer{network, recipe, set, language, folder.file("run")}.run({}, {}, 1));
  Trainer second{network, recipe, set, language, folder.file("run")};
  static_cast<void>(second.run());
  EXPECT_EQ(second.state_hash(), whole.state_hash());
  EXPECT_LT(results.back().loss, 0.5 * results.front().loss);
  EXPECT_GT(results.back().test_accuracy, 0.65);  // always a blank: 0.19
  std::ofstream{folder.file("measured.yaml")} << whole.measured_trace(whole.measure());
  EXPECT_EQ(load_network(folder.file("measured.yaml").string()).macs_per_sample(), network.macs_per_sample());
}

INSTANTIATE_TEST_SUITE_P(Train, Languages, testing::Values("transformer-text", "lstm-text"));

TEST(Trainer, OtherSeedsGiveOtherBits) {
  const Network network = load_network("cnn-28");
  const Recipe recipe = load_recipe("fp4");
  const Dataset set = data();
  TrainingOptions one = options(), other = options();
  one.emulation = other.emulation = Emulation::fast;
  other.seed = 6;
  Trainer first{network, recipe, set, one}, second{network, recipe, set, other};
  static_cast<void>(first.run({}, {}, 1));
  static_cast<void>(second.run({}, {}, 1));
  EXPECT_NE(first.state_hash(), second.state_hash());
}

TEST(Trainer, RefusesWhatDoesNotFit) {
  const Folder folder;
  const Network network = load_network("cnn-28");
  const Recipe recipe = load_recipe("fp32");
  const Dataset set = data();
  TrainingOptions fast = options();
  fast.emulation = Emulation::fast;
  static_cast<void>(Trainer{network, recipe, set, fast, folder.file("run")}.run({}, {}, 1));
  TrainingOptions other = fast;
  other.rate = 0.1;
  EXPECT_EQ(test::id_of([&] { Trainer{network, recipe, set, other, folder.file("run")}; }), "TRAIN-RESUME");
  std::ofstream{folder.file("run/checkpoint.pt")} << "nonsense";
  EXPECT_EQ(test::id_of([&] { Trainer{network, recipe, set, fast, folder.file("run")}; }), "TRAIN-RESUME");
  EXPECT_EQ(test::id_of([&] { Trainer{load_network("resnet8-32"), recipe, set, fast}; }), "TRAIN-DATA");
  EXPECT_EQ(test::id_of([&] { Trainer{load_network("bert-base"), recipe, set, fast}; }), "TRAIN-DATA");
  EXPECT_EQ(test::id_of([&] { Trainer{network, load_recipe("int4"), set, fast}; }), "TRAIN-RECIPE");
}

TEST(Trainer, MeasuredTraceIsANetworkWithZeros) {
  const Folder folder;
  const Dataset set = data();
  TrainingOptions fast = options();
  fast.emulation = Emulation::fast;
  const Network original = load_network("resnet8-28");
  Trainer trainer{original, load_recipe("fp4"), set, fast};
  const std::vector<LayerMeasure> measures = trainer.measure();
  for (std::size_t i = 1; i < measures.size(); ++i) {  // each element is a zero or in a histogram: 32 samples
    const Layer& layer = original.layers[i];
    const double elements = 32 * std::accumulate(layer.output.begin(), layer.output.end(), 1.0, std::multiplies<>{});
    if (layer.kind == LayerKind::loss) continue;
    for (const TensorMeasure& tensor : {measures[i].activation, measures[i].gradient}) {
      double counted = tensor.zeros * elements;
      for (const auto& [exponent, count] : tensor.exponents) counted += static_cast<double>(count);
      EXPECT_NEAR(counted, elements, 1e-6 * elements) << layer.name;
    }
  }
  std::ofstream{folder.file("measured.yaml")} << trainer.measured_trace(measures);
  const Network measured = load_network(folder.file("measured.yaml").string());
  ASSERT_EQ(measured.layers.size(), original.layers.size());
  EXPECT_EQ(measured.macs_per_sample(), original.macs_per_sample());
  for (std::size_t i = 0; i < measured.layers.size(); ++i) {
    EXPECT_EQ(measured.layers[i].output, original.layers[i].output);
    if (measured.layers[i].kind != LayerKind::relu) continue;
    EXPECT_GT(measured.layers[i].activation_zeros.value(), 0.2) << measured.layers[i].name;
    EXPECT_LT(measured.layers[i].activation_zeros.value(), 0.8) << measured.layers[i].name;
  }
}

}  // namespace
}  // namespace nibble::training
