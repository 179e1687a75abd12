// Proves: the bytes of a convolution block, counted by hand, kernel by kernel, in three recipes.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "test_networks.hpp"

namespace nibble {
namespace {

using testing::NetworkMaker;
using testing::square;

/// Input [4, 8, 8] -> conv 3x3 to 8 channels -> batch norm -> ReLU -> linear to 10 with bias -> loss.
/// At batch 2: input 512 elements, conv output 1024, logits 20; weights 288 and 5120; batch norm 16, bias 10.
Network block() {
  NetworkMaker net;
  const LayerIndex conv = net.conv(net.input({4, 8, 8}), 8, square(3, 1, 1));
  const LayerIndex relu = net.like(LayerKind::relu, net.batch_norm(conv));
  net.loss(net.linear(net.flatten(relu), 10));
  return net.take();
}

struct Expected {
  Pass pass;
  std::vector<std::uint64_t> reads, writes;
};

std::vector<std::uint64_t> bytes(const std::vector<TensorUse>& uses) {
  std::vector<std::uint64_t> result;
  for (const TensorUse& use : uses) result.push_back(use.bytes.value());
  return result;
}

void expect_operations(const Step& step, const std::vector<Expected>& expected) {
  for (std::size_t i = 0; i < std::min(expected.size(), step.operations.size()); ++i) {
    const Operation& operation = step.operations[i];
    SCOPED_TRACE(::testing::Message() << "operation " << i << ", " << operation.layer);
    EXPECT_EQ(to_string(operation.pass), to_string(expected[i].pass));
    EXPECT_EQ(bytes(operation.reads), expected[i].reads);
    EXPECT_EQ(bytes(operation.writes), expected[i].writes);
  }
  EXPECT_EQ(step.operations.size(), expected.size());
}

TEST(Traffic, TrainingIn16Bits) {
  expect_operations(
      lower_training_step(block(), testing::fp16_recipe(), 2),
      {
          {Pass::fwd, {1024, 576}, {2048, 64}},  // X, W -> Y, batch norm's sums in fp32
          {Pass::vector_fwd,
           {2048, 32, 64, 64},
           {64, 2048, 128}},                         // Y, affine, sums, averages -> ReLU's output, mask
          {Pass::fwd, {2048, 10240, 20}, {40}},      // ReLU's output, W, bias -> logits
          {Pass::vector_fwd, {40, 8}, {4, 40, 40}},  // logits, labels -> loss, dY, bias gradient
          {Pass::wgrad, {2048, 40}, {10240}},        // linear
          {Pass::dgrad,
           {40, 10240, 128, 2048, 64},
           {2048, 64}},  // + mask, Y, sums -> masked dX, backward sums
          {Pass::vector_bwd, {2048, 2048, 64, 64, 32}, {2048}},  // batch norm backward -> dY of the conv
          {Pass::wgrad, {1024, 2048}, {576}},                    // conv; no dgrad: its input is the image
          {Pass::update, {576, 1152, 1152}, {1152, 1152, 576}},  // gradient, master, momentum; + fp16 copy
          {Pass::update, {10240, 20480, 20480}, {20480, 20480, 10240}},
          {Pass::update, {64, 64, 64}, {64, 64, 32}},  // batch norm's 16: fp32, + fp16 copy
          {Pass::update, {40, 40, 40}, {40, 40, 20}},  // bias
      });
}

TEST(Traffic, TrainingIn4Bits) {
  expect_operations(
      lower_training_step(block(), testing::fp4_recipe(), 2),
      {
          {Pass::vector_fwd, {1024, 2}, {256}},  // image, clip level -> int4
          {Pass::fwd, {256, 144}, {2048, 64}},
          {Pass::vector_fwd,
           {2048, 32, 64, 64, 2},
           {64, 128, 512, 128}},  // -> ReLU's mask, int4 output, PACT's mask
          {Pass::fwd, {512, 2560, 20}, {40}},
          {Pass::vector_fwd, {40, 8}, {4, 40, 10, 10, 4}},  // -> loss, bias gradient, both grids, maximum
          {Pass::wgrad, {512, 10}, {10240}},
          {Pass::dgrad,
           {10, 2560, 128, 128, 2048, 64},
           {4, 2048, 64}},  // + both masks -> clip's gradient, masked dX
          {Pass::vector_bwd, {2048, 2048, 64, 64, 32}, {512, 4}},  // -> one grid (for wgrad), maximum
          {Pass::wgrad, {256, 512}, {576}},
          {Pass::update, {576, 1152, 1152}, {1152, 1152, 8}},  // + E|w| and E w^2
          {Pass::update, {1152, 8}, {144}},                    // SAWB needs both sums: a second pass
          {Pass::update, {10240, 20480, 20480}, {20480, 20480, 8}},
          {Pass::update, {20480, 8}, {2560}},
          {Pass::update, {64, 64, 64}, {64, 64, 32}},
          {Pass::update, {4, 4, 4}, {4, 4, 2}},  // the clip level behind ReLU
          {Pass::update, {40, 40, 40}, {40, 40, 20}},
      });
}

TEST(Traffic, InferenceFoldsBatchNormAndActivationIntoTheConvolution) {
  expect_operations(lower_inference(block(), testing::fp4_recipe(), 2),
                    {
                        {Pass::vector_fwd, {1024, 2}, {256}},
                        {Pass::fwd, {256, 144, 32, 2}, {512}},  // Y itself is never stored
                        {Pass::fwd, {512, 2560, 20}, {40}},
                    });
}

TEST(Traffic, NarrowerSavedTensorsAreWrittenOnceMoreAndReadInTheirPlace) {
  Recipe recipe = testing::fp16_recipe();
  recipe.saved = "fp8-152";
  const Step step = lower_training_step(block(), recipe, 2);
  EXPECT_EQ(bytes(step.operations[0].writes), (std::vector<std::uint64_t>{2048, 1024, 64}));
  EXPECT_EQ(bytes(step.operations[6].reads), (std::vector<std::uint64_t>{2048, 1024, 64, 64, 32}));
}

TEST(Traffic, ConsumersInTwoFormatsGetTwoCopies) {
  NetworkMaker net;
  const LayerIndex relu = net.like(LayerKind::relu, net.conv(net.input({4, 8, 8}), 8, square(3, 1, 1)));
  const LayerIndex a = net.conv(relu, 8, square(1)), b = net.conv(relu, 8, square(1));
  net.loss(net.linear(net.flatten(net.both(LayerKind::add, a, b)), 10));
  Network network = net.take();
  network.layers[b].name = "wide";
  Recipe recipe = testing::fp4_recipe();
  RecipeException wide;
  wide.match = LayerMatch::name;
  wide.name = "wi*";
  wide.precision = testing::hfp8_recipe().precision;
  recipe.exceptions = {wide};
  const Step step = lower_inference(network, recipe, 2);
  EXPECT_EQ(bytes(step.operations[1].writes),
            (std::vector<std::uint64_t>{512, 1024}));  // int4 and fp8, no fp16
  EXPECT_EQ(step.operations[2].gemm->a_format, "int4");
  EXPECT_EQ(step.operations[3].gemm->a_format, "fp8-143");
  EXPECT_EQ(step.operations[3].gemm->b_format, "fp8-143");
}

TEST(Traffic, StridedDgradWritesEveryPixelOnceAndStoresSumsWithTheLastPhase) {
  NetworkMaker net;
  const LayerIndex relu =
      net.like(LayerKind::relu, net.batch_norm(net.conv(net.input({4, 8, 8}), 8, square(1))));
  net.loss(net.linear(net.flatten(net.conv(relu, 16, square(1, 2))), 10));
  const Step step = lower_training_step(net.take(), testing::fp16_recipe(), 2);
  std::uint64_t written = 0, sums = 0, phases = 0, gemms = 0;
  for (const Operation& operation : step.operations) {
    if (operation.pass != Pass::dgrad || operation.layer != "conv2d_4") continue;
    ++phases;
    gemms += operation.gemm ? 1U : 0U;
    for (const TensorUse& use : operation.writes) {
      (step.tensors[use.tensor].format == "fp32" ? sums : written) += use.bytes.value();
    }
  }
  EXPECT_EQ(phases, 4U);
  EXPECT_EQ(gemms, 1U) << "only even rows and columns meet the single tap";
  EXPECT_EQ(written, 2048U) << "the other three quarters are zeros, and written";
  EXPECT_EQ(sums, 64U);
}

TEST(Traffic, ResidualOperandIsReadInTheEpilogue) {
  NetworkMaker net;
  const LayerIndex x = net.input({8, 4, 4});
  const LayerIndex y = net.batch_norm(net.conv(x, 8, square(3, 1, 1)));
  net.like(LayerKind::relu, net.both(LayerKind::add, y, x));
  const Network network = net.take();
  const Step step = lower_inference(network, testing::fp16_recipe(), 1);
  ASSERT_EQ(step.operations.size(), 1U);
  // The convolution's operand and the residual are the same tensor, but two streams: rows with halo, and
  // tiles of C.
  EXPECT_EQ(bytes(step.operations[0].reads), (std::vector<std::uint64_t>{256, 1152, 32, 256}));
  EXPECT_EQ(bytes(step.operations[0].writes), (std::vector<std::uint64_t>{256}));

  const Step narrow_epilogue = lower_inference(network, testing::fp16_recipe(), 1, {.epilogue_streams = 0});
  EXPECT_EQ(narrow_epilogue.operations.size(), 2U)
      << "no room for the residual: the addition is a kernel of its own";
}

bool has_work(const Operation& operation, const std::string& what) {
  return std::any_of(operation.vector.begin(), operation.vector.end(), [&](const VectorWork& work) { return work.what == what; });
}

/// Two residual blocks of one convolution each, and a classifier.
Network two_blocks() {
  NetworkMaker net;
  const auto block = [&](LayerIndex x) {
    return net.like(LayerKind::relu, net.both(LayerKind::add, net.batch_norm(net.conv(x, 8, square(3, 1, 1))), x));
  };
  const LayerIndex first = net.like(LayerKind::relu, net.batch_norm(net.conv(net.input({8, 8, 8}), 8, square(3, 1, 1))));
  net.loss(net.linear(net.flatten(block(block(first))), 10));
  return net.take();
}

TEST(Traffic, BothGridsOfAGradientLeaveTheKernelThatMakesItAndItsWideValuesDoNot) {
  const Step step = lower_training_step(two_blocks(), testing::fp4_recipe(), 2);
  const std::uint64_t elements = 2 * 8 * 8 * 8;
  std::vector<std::uint64_t> packed_bytes;
  for (const Operation& operation : step.operations) {
    if (!has_work(operation, "batch_norm backward")) continue;
    EXPECT_TRUE(has_work(operation, "quantise (two-phase)")) << operation.layer;
    std::uint64_t packed = 0;
    for (const TensorUse& use : operation.writes) {
      const Tensor& tensor = step.tensors[use.tensor];
      EXPECT_FALSE(tensor.format == "fp16" && tensor.elements.value() == elements) << tensor.name;
      if (tensor.format == "fp4-radix4") packed += use.bytes.value();
    }
    packed_bytes.push_back(packed);
  }
  // Two copies of half a byte, what one of 8 bits takes; the first layer has no dgrad and needs one.
  EXPECT_EQ(packed_bytes, (std::vector{elements, elements, elements / 2}));
}

TEST(Traffic, AMaskTakesASixteenthOfWhatAnEpilogueMayRead) {
  // Behind a block's dgrad: PACT's mask, the other branch's gradient, ReLU's mask, what batch norm saved.
  const auto sums_behind_dgrad = [](const LoweringOptions& options) {
    const Step step = lower_training_step(two_blocks(), testing::fp4_recipe(), 2, options);
    return std::count_if(step.operations.begin(), step.operations.end(), [](const Operation& operation) {
      return operation.pass == Pass::dgrad && has_work(operation, "pact backward") && has_work(operation, "add") &&
             has_work(operation, "batch_norm backward sums");
    });
  };
  EXPECT_EQ(sums_behind_dgrad({}), 2);
  EXPECT_EQ(sums_behind_dgrad({.epilogue_streams = 2}), 0) << "two tensors and two masks are more than two tensors";
}

}  // namespace
}  // namespace nibble
