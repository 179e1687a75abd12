// Proves: an LSTM layer's step, operation by operation, against the equations of its cell.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "test_networks.hpp"
#include "workloads/trace/network.hpp"

namespace nibble {
namespace {

using testing::NetworkMaker;

constexpr std::uint64_t kBatch = 2, kSteps = 3, kFeatures = 5, kUnits = 4, kGates = 4 * kUnits;

/// 3 steps of 5 features -> linear to 5 (so that the LSTM's input needs a gradient, or not) -> LSTM of 4 units -> 7 classes.
Network network(bool gradient_to_input) {
  NetworkMaker net;
  LayerIndex x = net.input({kSteps, kFeatures});
  if (gradient_to_input) x = net.linear(x, kFeatures);
  net.loss(net.linear(net.lstm(x, kUnits), 7));
  return net.take();
}

using Extents = std::array<std::uint64_t, 3>;  // m, n, k

std::vector<Extents> gemms(const Step& step, Pass pass) {
  std::vector<Extents> found;
  for (const Operation& operation : step.operations) {
    if (operation.gemm && operation.pass == pass && operation.layer.starts_with("lstm")) {
      found.push_back({operation.gemm->m, operation.gemm->n, operation.gemm->k});
    }
  }
  return found;
}

TEST(Recurrent, TheInputsProductIsOfAllStepsTheStatesOfOne) {
  const Step step = lower_training_step(network(true), testing::fp16_recipe(), kBatch);
  const Extents of_state{kBatch, kGates, kUnits}, to_state{kBatch, kUnits, kGates};
  EXPECT_EQ(gemms(step, Pass::fwd),
            (std::vector<Extents>{{kBatch * kSteps, kGates, kFeatures}, of_state, of_state, of_state}));
  // Two gradients to the states between three steps; that of the input is of all steps again.
  EXPECT_EQ(gemms(step, Pass::dgrad),
            (std::vector<Extents>{to_state, to_state, {kBatch * kSteps, kFeatures, kGates}}));
  // Accumulated over samples and steps in one product each.
  EXPECT_EQ(gemms(step, Pass::wgrad), (std::vector<Extents>{{kUnits, kGates, kBatch * kSteps},
                                                            {kFeatures, kGates, kBatch * kSteps}}));
}

TEST(Recurrent, NoGradientGoesToTheNetworksInput) {
  const Step step = lower_training_step(network(false), testing::fp16_recipe(), kBatch);
  EXPECT_EQ(gemms(step, Pass::dgrad).size(), kSteps - 1);
}

/// Positions of the operations of one layer and pass that hold a GEMM.
std::vector<std::size_t> positions(const Step& step, Pass pass, std::uint64_t m) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    const Operation& operation = step.operations[i];
    if (operation.gemm && operation.pass == pass && operation.layer.starts_with("lstm") && operation.gemm->m == m) {
      found.push_back(i);
    }
  }
  return found;
}

bool writes(const Operation& operation, TensorId tensor) {
  return std::any_of(operation.writes.begin(), operation.writes.end(),
                     [&](const TensorUse& use) { return use.tensor == tensor; });
}

TEST(Recurrent, EachStepReadsWhatTheStepBeforeWrote) {
  for (const Recipe& recipe : {testing::fp16_recipe(), testing::hfp8_recipe(), testing::fp4_recipe()}) {
    const Step step = lower_training_step(network(true), recipe, kBatch);
    const std::vector<std::size_t> forward = positions(step, Pass::fwd, kBatch);
    ASSERT_EQ(forward.size(), kSteps);
    EXPECT_TRUE(step.tensors[step.operations[forward[0]].gemm->a].input) << "the state before comes from outside";
    for (std::size_t t = 1; t < kSteps; ++t) {
      EXPECT_TRUE(writes(step.operations[forward[t - 1]], step.operations[forward[t]].gemm->a)) << recipe.name << t;
    }
    // Backward: a step's gates' gradient is made between the products of the step behind it and its own.
    const std::vector<std::size_t> backward = positions(step, Pass::dgrad, kBatch);
    ASSERT_EQ(backward.size(), kSteps - 1);
    for (std::size_t t = 0; t < backward.size(); ++t) {
      const std::size_t from = t == 0 ? forward.back() : backward[t - 1];
      bool made = false;
      for (std::size_t i = from + 1; i < backward[t]; ++i) {
        made = made || writes(step.operations[i], step.operations[backward[t]].gemm->a);
      }
      EXPECT_TRUE(made) << recipe.name << t;
    }
  }
}

TEST(Recurrent, WorkIsThatOfTheEquations) {
  const Step step = lower_training_step(network(true), testing::fp16_recipe(), kBatch);
  constexpr std::uint64_t kAll = kBatch * kSteps;
  EXPECT_EQ(testing::elements_of(step, "lstm gates"), 2 * kAll * kGates) << "forward and backward";
  EXPECT_EQ(testing::elements_of(step, "lstm cell"), 2 * kAll * kUnits);
  EXPECT_EQ(testing::macs_of(step, Pass::fwd) / kBatch,
            kSteps * (kFeatures * kFeatures + kGates * (kFeatures + kUnits) + kUnits * 7));
}

/// Bytes that one operation moves of tensors whose names hold `word`.
std::uint64_t moved(const Step& step, const std::vector<TensorUse>& uses, const std::string& word) {
  std::uint64_t bytes = 0;
  for (const TensorUse& use : uses) {
    if (step.tensors[use.tensor].name.find(word) != std::string::npos) bytes += use.bytes.value();
  }
  return bytes;
}

TEST(Recurrent, AStepMovesItsStateWeightsGatesAndCells) {
  const Step step = lower_training_step(network(true), testing::fp16_recipe(), kBatch);
  const Operation& second = step.operations[positions(step, Pass::fwd, kBatch)[1]];
  EXPECT_EQ(moved(step, second.reads, ":out"), 2 * kBatch * kUnits);
  EXPECT_EQ(moved(step, second.reads, ":weight"), 2 * kUnits * kGates) << "of two matrices, the state's";
  EXPECT_EQ(moved(step, second.reads, ":biased"), 2 * kBatch * kGates) << "the step's part of the input's product";
  EXPECT_EQ(moved(step, second.reads, ":cell"), 2 * kBatch * kUnits);
  EXPECT_EQ(second.reads.size(), 4U);
  EXPECT_EQ(moved(step, second.writes, ":gates"), 2 * kBatch * kGates);
  EXPECT_EQ(moved(step, second.writes, ":cell"), 2 * kBatch * kUnits);
  EXPECT_EQ(moved(step, second.writes, ":out"), 2 * kBatch * kUnits);
  EXPECT_EQ(second.writes.size(), 3U) << "sums never leave the chip";
}

TEST(Recurrent, InferenceKeepsNoGates) {
  const Step step = lower_inference(network(true), testing::fp16_recipe(), kBatch);
  for (const Operation& operation : step.operations) EXPECT_EQ(moved(step, operation.writes, ":gates"), 0U);
}

TEST(Recurrent, StatesInFewBitsAreReadInFewBits) {
  const Step step = lower_training_step(network(true), testing::fp4_recipe(), kBatch);
  for (const std::size_t i : positions(step, Pass::fwd, kBatch)) EXPECT_EQ(step.operations[i].gemm->a_format, "int4");
  for (const std::size_t i : positions(step, Pass::dgrad, kBatch)) {
    EXPECT_EQ(step.operations[i].gemm->a_format, "fp4-radix4");
  }
}

TEST(Recurrent, BothDirectionsOfTheFirstLayerAreFirst) {
  const Network net = load_network("bilstm-swb300");
  Recipe recipe = testing::fp4_recipe();
  RecipeException first;
  first.match = LayerMatch::first;
  first.precision = testing::fp16_recipe().precision;
  recipe.exceptions = {first};
  const Step step = lower_training_step(net, recipe, kBatch);
  std::map<std::string, std::set<std::string>> formats;
  for (const Operation& operation : step.operations) {
    if (operation.gemm && operation.pass == Pass::fwd) formats[operation.layer].insert(operation.gemm->a_format);
  }
  EXPECT_EQ(formats["lstm.l0"], std::set<std::string>{"fp16"});
  EXPECT_EQ(formats["lstm.l0_reverse"], std::set<std::string>{"fp16"});
  EXPECT_EQ(formats["lstm.l1_reverse"], std::set<std::string>{"int4"});
}

}  // namespace
}  // namespace nibble
