// Proves: recomputing lets activations go and computes them again before their backward pass: which MACs, which bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "test_networks.hpp"
#include "workloads/lowering/segments.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {
namespace {

using testing::NetworkMaker;
using testing::square;

constexpr LoweringOptions kRecompute{.recompute = true};

/// Most bytes of activations and gradients that lie in memory at one time: a second, slower count than sim/system's.
std::uint64_t peak_of_activations(const Step& step) {
  std::map<TensorId, std::pair<std::size_t, std::size_t>> lives;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    for (const auto* uses : {&step.operations[i].reads, &step.operations[i].writes}) {
      for (const TensorUse& use : *uses) lives.try_emplace(use.tensor, i, i).first->second.second = i;
    }
  }
  std::uint64_t peak = 0;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    std::uint64_t sum = 0;
    for (const auto& [id, life] : lives) {
      const Tensor& tensor = step.tensors[id];
      if (!tensor.parameter && !tensor.input && life.first <= i && i <= life.second) sum += tensor.size.value();
    }
    peak = std::max(peak, sum);
  }
  return peak;
}

/// `depth` times convolution, batch norm, ReLU, all of one shape; pooling and a classifier behind.
Network chain(std::uint64_t depth) {
  NetworkMaker net;
  LayerIndex x = net.input({8, 16, 16});
  for (std::uint64_t i = 0; i < depth; ++i) {
    x = net.like(LayerKind::relu, net.batch_norm(net.conv(x, 8, square(3, 1, 1))));
  }
  net.loss(net.linear(net.flatten(x), 10));
  return net.take();
}

TEST(Segments, AChainIsCutIntoTheSquareRootOfItsLayers) {
  const Network network = chain(12);
  const std::vector<lowering::Segment> segments = lowering::recompute_segments(network);
  EXPECT_EQ(segments.size(), 6U) << "39 blocks";
  LayerIndex next = 0;
  for (const lowering::Segment& segment : segments) {
    EXPECT_EQ(segment.begin, next);
    EXPECT_GT(segment.end, segment.begin);
    next = segment.end;
  }
  EXPECT_EQ(next, network.layers.size());
}

TEST(Segments, ResidualBlocksStayWhole) {
  for (const char* name : {"resnet18", "resnet50", "mobilenetv2", "bert-base", "transformer-base"}) {
    SCOPED_TRACE(name);
    const Network network = load_network(name);
    const std::vector<lowering::Segment> segments = lowering::recompute_segments(network);
    EXPECT_GE(segments.size(), 3U);
    EXPECT_LE(segments.size(), 14U);
    for (const lowering::Segment& segment : segments) {
      if (segment.end == network.layers.size()) continue;
      std::set<LayerIndex> crossing;
      for (LayerIndex i = segment.end; i < network.layers.size(); ++i) {
        for (const LayerIndex input : network.layers[i].inputs) {
          if (input < segment.end && network.layers[input].kind != LayerKind::input) crossing.insert(input);
        }
      }
      EXPECT_LE(crossing.size(), 2U) << "before " << network.layers[segment.end].name;
    }
  }
}

TEST(Recompute, MacsAreTheLayersAndThoseComputedAgain) {
  for (const char* name : {"resnet50", "bert-base", "mobilenetv2", "inceptionv3"}) {
    for (const char* recipe : {"fp16", "hfp8", "fp4"}) {
      SCOPED_TRACE(std::string{name} + " " + recipe);
      const Network network = load_network(name);
      const Step plain = lower_training_step(network, load_recipe(recipe), 8);
      const Step again = lower_training_step(network, load_recipe(recipe), 8, kRecompute);
      for (const Pass pass : {Pass::fwd, Pass::dgrad, Pass::wgrad}) {
        EXPECT_EQ(plain.macs(pass), again.macs(pass)) << to_string(pass);
      }
      EXPECT_EQ(plain.macs(Pass::recompute).value(), 0U);
      EXPECT_GT(again.macs(Pass::recompute).value(), 0U);
      EXPECT_LT(again.macs(Pass::recompute), again.macs(Pass::fwd)) << "the last segment keeps what it made";
      EXPECT_EQ(again.macs(), plain.macs() + again.macs(Pass::recompute));
      EXPECT_LT(peak_of_activations(again), peak_of_activations(plain));
    }
  }
}

TEST(Recompute, EachConvolutionOfALetGoSegmentRunsOnceMoreUnlessNothingNeedsIt) {
  const Network network = chain(12);
  const std::vector<lowering::Segment> segments = lowering::recompute_segments(network);
  const Step step = lower_training_step(network, testing::fp16_recipe(), 4, kRecompute);
  std::uint64_t expected = 0;
  for (const lowering::Segment& segment : segments) {
    if (segment.end == network.layers.size()) continue;
    for (LayerIndex i = segment.begin; i < segment.end; ++i) {
      // A convolution whose result crosses the cut is kept; batch norm reads it from there.
      const bool crosses = i + 1 == segment.end;
      if (network.layers[i].kind == LayerKind::conv2d && !crosses) expected += 4ULL * 16 * 16 * 8 * 8 * 9;
    }
  }
  EXPECT_EQ(step.macs(Pass::recompute).value(), expected);
}

TEST(Recompute, StatisticsAndParametersAreNotMadeTwice) {
  const Network network = chain(12);
  const Step plain = lower_training_step(network, testing::fp4_recipe(), 4);
  const Step again = lower_training_step(network, testing::fp4_recipe(), 4, kRecompute);
  for (const char* what : {"batch_norm statistics", "sgd", "sawb", "pact backward"}) {
    EXPECT_EQ(testing::elements_of(plain, what), testing::elements_of(again, what)) << what;
  }
  const auto bytes_of_parameters = [](const Step& step) {
    std::uint64_t sum = 0;
    for (const Tensor& tensor : step.tensors) sum += tensor.parameter ? tensor.size.value() : 0;
    return sum;
  };
  EXPECT_EQ(bytes_of_parameters(plain), bytes_of_parameters(again));
}

TEST(Recompute, AChainHoldsAboutTwoSquareRootsOfItsActivations) {
  // 64 layers; the plain step holds what every convolution made (16 bit) and the ReLUs' bits.
  const Network network = chain(64);
  const std::uint64_t plain =
      peak_of_activations(lower_training_step(network, testing::fp16_recipe(), 4));
  const std::uint64_t again =
      peak_of_activations(lower_training_step(network, testing::fp16_recipe(), 4, kRecompute));
  EXPECT_LT(static_cast<double>(again), 0.4 * static_cast<double>(plain));
}

TEST(Recompute, EverythingIsMadeBeforeItIsRead) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const Network network = testing::random_network(seed);
    for (const Recipe& recipe : {testing::fp16_recipe(), testing::fp4_recipe()}) {
      const Step step = lower_training_step(network, recipe, 2, kRecompute);
      std::set<TensorId> written;
      for (const Operation& operation : step.operations) {
        for (const TensorUse& use : operation.reads) {
          const Tensor& tensor = step.tensors[use.tensor];
          EXPECT_TRUE(tensor.parameter || tensor.input || written.contains(use.tensor)) << tensor.name;
        }
        for (const TensorUse& use : operation.writes) written.insert(use.tensor);
      }
      const Step plain = lower_training_step(network, recipe, 2);
      EXPECT_EQ(step.macs(), plain.macs() + step.macs(Pass::recompute));
    }
  }
}

TEST(Recompute, RecurrencesKeepWhatTheyMade) {
  for (const char* recipe : {"fp16", "fp4"}) {
    const Network network = load_network("bilstm-swb300");
    const Step plain = lower_training_step(network, load_recipe(recipe), 2);
    const Step again = lower_training_step(network, load_recipe(recipe), 2, kRecompute);
    EXPECT_EQ(plain.macs(), again.macs() - again.macs(Pass::recompute));
    for (const char* what : {"lstm", "sgd", "adam", "pact backward"}) {
      EXPECT_EQ(testing::elements_of(plain, what), testing::elements_of(again, what)) << what;
    }
  }
}

TEST(Recompute, ChangesNothingOfAnInference) {
  const Network network = chain(4);
  const Step plain = lower_inference(network, testing::fp16_recipe(), 4);
  const Step again = lower_inference(network, testing::fp16_recipe(), 4, kRecompute);
  EXPECT_EQ(testing::traffic(plain), testing::traffic(again));
  EXPECT_FALSE(again.recomputed);
}

}  // namespace
}  // namespace nibble
