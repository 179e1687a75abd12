// Proves: what crosses a cut is what operations of one side write and those of the other read, counted pair by pair; the ends
// are what they should be; a chain sends one activation and gets one gradient back.
#include "workloads/lowering/cuts.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "workloads/lowering/step.hpp"

namespace nibble {
namespace {

Step step_of(const std::string& network, const std::string& recipe) {
  return lower_training_step(load_network(network), load_recipe(recipe), 4);
}

bool touches(const std::vector<TensorUse>& uses, TensorId t) {
  return std::any_of(uses.begin(), uses.end(), [t](const TensorUse& use) { return use.tensor == t; });
}

/// Whether a tensor is there without any operation: what arrives lies near, weights where they are used first.
bool lies_at(const Step& step, const Cut& cut, TensorId t, bool near) {
  if (step.tensors[t].input) return near;
  if (!step.tensors[t].parameter) return false;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    if (touches(step.operations[i].reads, t)) return cut.near[i] == near;
    if (touches(step.operations[i].writes, t)) return false;
  }
  return false;
}

/// By pairs of operations, tensor by tensor, instead of by marks.
Bytes crossing(const Step& step, const Cut& cut, bool up) {
  Bytes sum;
  for (TensorId t = 0; t < step.tensors.size(); ++t) {
    bool crosses = false;
    for (std::size_t r = 0; r < step.operations.size() && !crosses; ++r) {
      if (cut.near[r] == up || !touches(step.operations[r].reads, t)) continue;
      crosses = lies_at(step, cut, t, up);
      for (std::size_t w = 0; w < step.operations.size() && !crosses; ++w) {
        crosses = cut.near[w] == up && touches(step.operations[w].writes, t);
      }
    }
    if (crosses) sum += step.tensors[t].size;
  }
  return sum;
}

class Cuts : public testing::TestWithParam<const char*> {};

TEST_P(Cuts, SendWhatTheOtherSideReads) {
  const Step step = step_of(GetParam(), "hfp8");
  const std::vector<Cut> cuts = cuts_of(step);
  ASSERT_GT(cuts.size(), 4U);
  Bytes inputs;
  for (const Tensor& tensor : step.tensors) inputs += tensor.input ? tensor.size : Bytes{};
  EXPECT_EQ(cuts.front().up, inputs);
  EXPECT_EQ(cuts.front().down, Bytes{});
  EXPECT_EQ(cuts.back().up, Bytes{});
  EXPECT_EQ(cuts.back().down, Bytes{});
  EXPECT_THAT(cuts.front().near, testing::Each(false));
  EXPECT_THAT(cuts.back().near, testing::Each(true));
  for (std::size_t c = 0; c < cuts.size(); ++c) {
    EXPECT_EQ(cuts[c].up, crossing(step, cuts[c], true)) << cuts[c].after;
    EXPECT_EQ(cuts[c].down, crossing(step, cuts[c], false)) << cuts[c].after;
    if (c == 0) continue;
    for (std::size_t i = 0; i < step.operations.size(); ++i) EXPECT_LE(cuts[c - 1].near[i], cuts[c].near[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Cuts, testing::Values("cnn-28", "resnet8-28", "transformer-text", "lstm-text"));

/// Behind the pool nothing but an activation and its gradient connects two layers of a chain: 32 numbers a sample, FP32.
TEST(CutsOfAChain, SendOneActivationAndGetOneGradient) {
  const Step step = step_of("cnn-28", "fp32");
  const std::vector<Cut> cuts = cuts_of(step);
  const auto last_hidden = std::find_if(cuts.begin(), cuts.end(), [](const Cut& cut) { return cut.after == "pool"; });
  ASSERT_NE(last_hidden, cuts.end());
  EXPECT_EQ(last_hidden->down, Bytes{4 * 32 * 4});
  EXPECT_GE(last_hidden->up, Bytes{4 * 32 * 4});
}

}  // namespace
}  // namespace nibble
