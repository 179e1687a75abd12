// Proves: layers that share parameters read one copy, add their gradients up and update it once.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "models/base/error.hpp"
#include "test_networks.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {
namespace {

using testing::NetworkMaker;
using testing::square;

/// The operation reads a tensor of that name.
bool reads(const Step& step, const Operation& operation, const std::string& name) {
  return std::any_of(operation.reads.begin(), operation.reads.end(),
                     [&](const TensorUse& use) { return step.tensors[use.tensor].name == name; });
}

std::size_t readers(const Step& step, const std::string& name, Pass pass) {
  return static_cast<std::size_t>(
      std::count_if(step.operations.begin(), step.operations.end(), [&](const Operation& operation) {
        return operation.pass == pass && reads(step, operation, name);
      }));
}

/// How often operations of the update write each tensor whose name ends in `end`.
std::map<std::string, int> updates(const Step& step, const std::string& end) {
  std::map<std::string, int> found;
  for (const Operation& operation : step.operations) {
    if (operation.pass != Pass::update) continue;
    for (const TensorUse& use : operation.writes) {
      const std::string& name = step.tensors[use.tensor].name;
      if (name.ends_with(end)) ++found[name];
    }
  }
  return found;
}

void share(NetworkMaker& net, LayerIndex layer, LayerIndex owner, std::uint64_t own = 0) {
  net.at(layer).parameters = own;
  net.at(layer).shares_weights_with = net.at(owner).name;
}

/// linear_1, a ReLU, the same linear layer again.
Network linear_twice(std::uint64_t own_bias) {
  NetworkMaker net;
  const LayerIndex a = net.linear(net.input({6}), 6);
  const LayerIndex b = net.linear(net.like(LayerKind::relu, a), 6);
  share(net, b, a, own_bias);
  net.loss(b);
  return net.take();
}

TEST(Sharing, ABiasThatTwoLayersShareIsUpdatedOnce) {
  const Network network = linear_twice(0);
  const Step step = lower_training_step(network, testing::fp16_recipe(), 4);
  EXPECT_EQ(testing::elements_of(step, "sgd"), network.parameters().value());
  EXPECT_EQ(updates(step, ":bias:master"), (std::map<std::string, int>{{"linear_1:bias:master", 1}}));
  EXPECT_EQ(testing::elements_of(step, "bias gradient"), 2U * 4 * 6) << "each use sums its own gradient";
  EXPECT_EQ(readers(step, "linear_1:bias", Pass::fwd), 2U);
}

TEST(Sharing, GradientsOfASharedBiasAddUpInSinglePrecision) {
  const Step twice = lower_training_step(linear_twice(0), testing::fp16_recipe(), 4);
  const Step own = lower_training_step(linear_twice(6), testing::fp16_recipe(), 4);
  // Weights are shared in both: one addition of 36 elements; the bias adds 6 more.
  EXPECT_EQ(testing::elements_of(twice, "add") - testing::elements_of(twice, "bias add"),
            testing::elements_of(own, "add") - testing::elements_of(own, "bias add") + 6);
}

TEST(Sharing, ABiasOfItsOwnStaysApart) {
  const Network network = linear_twice(6);
  const Step step = lower_training_step(network, testing::fp16_recipe(), 4);
  EXPECT_EQ(testing::elements_of(step, "sgd"), network.parameters().value());
  EXPECT_EQ(updates(step, ":bias:master").size(), 2U);
}

TEST(Sharing, ChainsLeadToTheLayerThatHasTheParameters) {
  NetworkMaker net;
  const LayerIndex a = net.linear(net.input({6}), 6);
  const LayerIndex b = net.linear(a, 6), c = net.linear(b, 6);
  share(net, b, a, 6);  // a's weights, a bias of its own
  share(net, c, b);     // both as b has them
  net.loss(c);
  const Network network = net.take();
  const Step step = lower_training_step(network, testing::fp16_recipe(), 4);
  EXPECT_EQ(testing::elements_of(step, "sgd"), network.parameters().value());
  EXPECT_EQ(readers(step, "linear_2:bias", Pass::fwd), 2U);
  EXPECT_EQ(updates(step, ":weight").size(), 1U);
}

TEST(Sharing, EveryCallOfANormalisationReadsItsAffineParameters) {
  for (const LayerKind kind : {LayerKind::batch_norm, LayerKind::layer_norm, LayerKind::rms_norm}) {
    SCOPED_TRACE(to_string(kind));
    NetworkMaker net;
    const LayerIndex x = net.conv(net.input({3, 8, 8}), 8, square(1));
    const LayerIndex first = net.add(kind, {x}, net.shape(x), 16);
    const LayerIndex y = net.conv(net.like(LayerKind::relu, first), 8, square(1));
    const LayerIndex second = net.add(kind, {y}, net.shape(y), 16);
    share(net, second, first);
    net.loss(net.linear(net.flatten(second), 10));
    const std::string name = net.at(first).name;
    const Network network = net.take();
    const Step step = lower_training_step(network, testing::fp16_recipe(), 4);
    EXPECT_EQ(testing::elements_of(step, "sgd"), network.parameters().value());
    EXPECT_EQ(readers(step, name + ":affine", Pass::vector_fwd) + readers(step, name + ":affine", Pass::fwd), 2U);
    EXPECT_EQ(updates(step, ":affine:master"), (std::map<std::string, int>{{name + ":affine:master", 1}}));
    std::set<std::string> running;
    for (const Tensor& tensor : step.tensors) {
      if (tensor.name.ends_with(":running statistics")) running.insert(tensor.name);
    }
    EXPECT_EQ(running.size(), kind == LayerKind::batch_norm ? 1U : 0U);
    const Step inference = lower_inference(network, testing::fp16_recipe(), 4);
    EXPECT_EQ(readers(inference, name + ":affine", Pass::vector_fwd) +
                  readers(inference, name + ":affine", Pass::fwd), 2U);
  }
}

TEST(Sharing, RefusesABiasThatTheOwnerLacks) {
  NetworkMaker net;
  const LayerIndex a = net.linear(net.input({6}), 6, false);
  const LayerIndex b = net.linear(a, 6);
  share(net, b, a);
  net.loss(b);
  const Network network = net.take();
  try {
    (void)lower_training_step(network, testing::fp16_recipe(), 4);
    FAIL() << "lowered";
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems().front().id, "LOW-SHARED");
  }
}

}  // namespace
}  // namespace nibble
