// Proves: a norm over features inside a network is the plain loop's, and so is what it sends back.
#include <gmock/gmock.h>
#include <torch/torch.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <vector>

#include "workloads/training/trainable_network.hpp"

namespace nibble::training {
namespace {

constexpr std::int64_t kFeatures = 6, kClasses = 3, kSamples = 4;

Network network_of(const std::string& kind, int parameters) {
  const auto file = std::filesystem::temp_directory_path() / ("nibble-norm-" + std::to_string(getpid()) + ".yaml");
  std::ofstream{file} << "schema: nibble/network/1\nname: norms\ndescription: \"one norm\"\norigin: \"a test\"\nlayers:\n"
                         "  - {name: input, kind: input, output: [1, 1, 6]}\n"
                         "  - {name: features, kind: reshape, inputs: [input], output: [6]}\n"
                         "  - {name: mix, kind: linear, inputs: [features], output: [6], parameters: 36}\n"
                         "  - {name: norm, kind: " << kind << ", inputs: [mix], output: [6], parameters: " << parameters << "}\n"
                         "  - {name: classifier, kind: linear, inputs: [norm], output: [3], parameters: 18}\n"
                         "  - {name: loss, kind: loss, inputs: [classifier], output: [3]}\n";
  Network network = load_network(file.string());
  std::filesystem::remove(file);
  return network;
}

torch::Tensor parameter(const TrainableNetwork& network, const std::string& name) {
  for (const NamedTensor& named : network.parameters()) {
    if (named.name == name) return named.tensor;
  }
  ADD_FAILURE() << "no " << name;
  return {};
}

/// The loss in double precision, by loops: the mean of log(sum exp) - logit of class 0.
double loss_by_loops(const TrainableNetwork& network, const torch::Tensor& samples, bool centred) {
  const torch::Tensor gain = parameter(network, "norm.weight"), mix = parameter(network, "mix.weight").reshape({kFeatures, kFeatures}),
                      weight = parameter(network, "classifier.weight").reshape({kClasses, kFeatures});
  double loss = 0;
  for (std::int64_t s = 0; s < kSamples; ++s) {
    std::vector<double> x;
    double mean = 0, square = 0, sum = 0, first = 0;
    for (std::int64_t f = 0; f < kFeatures; ++f) {
      x.push_back(0);
      for (std::int64_t i = 0; i < kFeatures; ++i) x.back() += mix[f][i].item<double>() * samples[s].flatten()[i].item<double>();
    }
    if (centred) {
      for (const double value : x) mean += value / kFeatures;
    }
    for (double& value : x) value -= mean;
    for (const double value : x) square += value * value / kFeatures;
    for (std::int64_t c = 0; c < kClasses; ++c) {
      double logit = 0;
      for (std::int64_t f = 0; f < kFeatures; ++f) {
        double normal = x[static_cast<std::size_t>(f)] / std::sqrt(square + 1e-5) * gain[f].item<double>();
        if (centred) normal += parameter(network, "norm.bias")[f].item<double>();
        logit += normal * weight[c][f].item<double>();
      }
      sum += std::exp(logit);
      if (c == 0) first = logit;
    }
    loss += (std::log(sum) - first) / kSamples;
  }
  return loss;
}

class Norms : public testing::TestWithParam<const char*> {};

TEST_P(Norms, AreThoseOfPlainLoopsForwardAndBackward) {
  const bool centred = std::string{GetParam()} == "layer_norm";
  TrainableNetwork network{network_of(GetParam(), centred ? 12 : 6), load_recipe("fp32"), Emulation::fast, 3};
  torch::manual_seed(7);
  torch::Tensor samples = torch::randn({kSamples, 1, 1, kFeatures}) * 2 + 1;
  const torch::Tensor gain = parameter(network, "norm.weight");
  {
    const torch::NoGradGuard still;
    gain.copy_(torch::rand({kFeatures}) + 0.5);
  }
  const torch::Tensor loss = loss_of(network.forward(samples, true), torch::zeros({kSamples}, torch::kInt64));
  EXPECT_NEAR(loss.item<double>(), loss_by_loops(network, samples, centred), 1e-5);
  loss.backward();

  for (const char* name : {"norm.weight", "classifier.weight", "mix.weight"}) {  // the last one's comes through the norm
    const torch::Tensor moved = parameter(network, name);
    for (std::int64_t i = 0; i < moved.numel(); ++i) {
      const torch::Tensor element = moved.detach().flatten()[i];
      constexpr double kStep = 0x1p-10;
      const float before = element.item<float>();
      element.fill_(before + kStep);
      double difference = loss_by_loops(network, samples, centred);
      element.fill_(before - kStep);
      difference -= loss_by_loops(network, samples, centred);
      element.fill_(before);
      EXPECT_NEAR(moved.grad().flatten()[i].item<double>(), difference / (2 * kStep), 2e-4) << name << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Norms, testing::Values("layer_norm", "rms_norm"));

}  // namespace
}  // namespace nibble::training
