// Proves: which precision each layer gets, what is refused, densities, and the shipped networks' totals.
#include "workloads/lowering/step.hpp"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

#include "models/base/error.hpp"
#include "test_networks.hpp"

namespace nibble {
namespace {

using testing::NetworkMaker;
using testing::square;

template <class Action>
std::string problem_of(const Action& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.problems().front().id;
  }
  return "none";
}

Network small_network() {
  NetworkMaker net;
  LayerIndex x = net.conv(net.input({3, 8, 8}), 8, square(3, 1, 1));
  x = net.conv(x, 8, square(1));
  x = net.conv(x, 8, square(3, 1, 1), 8);
  x = net.conv(x, 8, square(3, 1, 1));
  net.loss(net.linear(net.flatten(x), 10));
  return net.take();
}

const GemmWork& gemm_of(const Step& step, const std::string& layer, Pass pass) {
  for (const Operation& operation : step.operations) {
    if (operation.layer == layer && operation.pass == pass && operation.gemm) return *operation.gemm;
  }
  throw std::runtime_error{"no such operation"};
}

TEST(Step, FirstMatchingExceptionDecidesALayersFormats) {
  Recipe recipe = testing::fp4_recipe();
  const auto exception = [](LayerMatch match, const Precision& precision) {
    return RecipeException{match, {}, precision};
  };
  const Precision fp16 = testing::fp16_recipe().precision, fp8 = testing::hfp8_recipe().precision;
  recipe.exceptions = {exception(LayerMatch::first, fp16), exception(LayerMatch::last, fp16),
                       exception(LayerMatch::conv1x1, fp8), exception(LayerMatch::depthwise, fp16)};
  const Step step = lower_training_step(small_network(), recipe, 2);
  EXPECT_EQ(gemm_of(step, "conv2d_1", Pass::fwd).a_format, "fp16");     // first
  EXPECT_EQ(gemm_of(step, "conv2d_2", Pass::fwd).a_format, "fp8-143");  // 1x1
  EXPECT_EQ(gemm_of(step, "conv2d_2", Pass::dgrad).a_format, "fp8-152");
  EXPECT_EQ(gemm_of(step, "conv2d_3", Pass::fwd).a_format, "fp16");  // depthwise
  EXPECT_TRUE(gemm_of(step, "conv2d_3", Pass::fwd).depthwise);
  EXPECT_EQ(gemm_of(step, "conv2d_4", Pass::fwd).a_format, "int4");  // none
  EXPECT_EQ(gemm_of(step, "conv2d_4", Pass::wgrad).b_format, "fp4-radix4");
  EXPECT_EQ(gemm_of(step, "linear_6", Pass::fwd).b_format, "fp16");  // last
}

TEST(Step, DgradReadsWeightsInItsOwnFormat) {
  Recipe recipe = testing::hfp8_recipe();
  recipe.precision.dgrad.b = "fp8-152";
  const Step step = lower_training_step(small_network(), recipe, 2);
  EXPECT_EQ(gemm_of(step, "conv2d_4", Pass::fwd).b_format, "fp8-143");
  EXPECT_EQ(gemm_of(step, "conv2d_4", Pass::dgrad).b_format, "fp8-152");
}

TEST(Step, GradientsOfOneMatmulUseBothGradientFormats) {
  NetworkMaker net;
  const LayerIndex x = net.linear(net.input({4, 8}), 16);
  const LayerIndex q = net.slice(x, {4, 8}), k = net.slice(x, {4, 8});
  const LayerIndex scores = net.add(LayerKind::matmul, {q, k}, {4, 4});
  net.at(scores).transpose_b = true;
  net.loss(scores);
  const Step step = lower_training_step(net.take(), testing::hfp8_recipe(), 3);
  const GemmWork da = gemm_of(step, "matmul_4", Pass::dgrad), db = gemm_of(step, "matmul_4", Pass::wgrad);
  EXPECT_EQ((std::array{da.m, da.n, da.k, da.count}), (std::array<std::uint64_t, 4>{4, 8, 4, 3}));
  EXPECT_EQ(da.a_format, "fp8-152");
  EXPECT_EQ(da.b_format, "fp8-143");
  EXPECT_EQ(db.a_format, "fp8-143");
  EXPECT_EQ(db.b_format, "fp8-152");
  EXPECT_FALSE(da.b_is_weights);
  EXPECT_FALSE(db.reduces_over_batch);
}

TEST(Step, MeasuredZerosReachOperandsAndTheirCopies) {
  Network network = small_network();
  network.layers[3].activation_zeros = 0.5;  // read by conv2d_4
  network.layers[4].gradient_zeros = 0.25;   // of conv2d_4's output
  const Step step = lower_training_step(network, testing::fp4_recipe(), 2);
  EXPECT_EQ(gemm_of(step, "conv2d_4", Pass::fwd).a_zeros, 0.5);
  EXPECT_EQ(gemm_of(step, "conv2d_4", Pass::wgrad).a_zeros, 0.5);
  EXPECT_EQ(gemm_of(step, "conv2d_4", Pass::wgrad).b_zeros, 0.25);
  EXPECT_EQ(gemm_of(step, "conv2d_4", Pass::dgrad).a_zeros, 0.25);
  EXPECT_EQ(gemm_of(step, "conv2d_1", Pass::fwd).a_zeros, 0.0) << "not measured";
}

TEST(Step, FlatImagesAreNotTakenForIndices) {
  NetworkMaker net;
  net.loss(net.linear(net.input({784}), 10));
  const Step step = lower_training_step(net.take(), testing::fp16_recipe(), 2);
  EXPECT_EQ(gemm_of(step, "linear_1", Pass::fwd).a_format, "fp16");
  for (const Tensor& tensor : step.tensors) {
    EXPECT_EQ(tensor.format == "int32", tensor.name.ends_with(":labels")) << tensor.name;
  }
}

TEST(Step, RefusesWhatItCannotLower) {
  const Network network = small_network();
  Recipe inference_only = testing::fp4_recipe();
  inference_only.training = false;
  EXPECT_EQ(problem_of([&] { (void)lower_training_step(network, testing::fp16_recipe(), 0); }), "LOW-BATCH");
  EXPECT_EQ(problem_of([&] { (void)lower_training_step(network, inference_only, 1); }), "LOW-INFERENCE");
  EXPECT_EQ(problem_of([&] { (void)lower_inference(network, inference_only, 1); }), "none");

  Network without_loss = network;
  without_loss.layers.pop_back();
  EXPECT_EQ(problem_of([&] { (void)lower_training_step(without_loss, testing::fp16_recipe(), 1); }),
            "LOW-LOSS");
  EXPECT_EQ(problem_of([&] { (void)lower_inference(without_loss, testing::fp16_recipe(), 1); }), "none");

  NetworkMaker trained_scale;
  trained_scale.loss(trained_scale.add(LayerKind::scale, {trained_scale.input({10})}, {10}, 10));
  const Network scale = trained_scale.take();
  EXPECT_EQ(problem_of([&] { (void)lower_training_step(scale, testing::fp16_recipe(), 1); }),
            "LOW-UNSUPPORTED");

  Network untied = network;
  untied.layers[4].shares_weights_with = "nowhere";
  EXPECT_EQ(problem_of([&] { (void)lower_inference(untied, testing::fp16_recipe(), 1); }), "LOW-SHARED");
}

struct Totals {
  const char* network;
  std::uint64_t first_layer_macs;  ///< of a sample: what dgrad does not do
};

TEST(Step, ShippedNetworksTrainWithThreeGemmsALayer) {
  constexpr std::uint64_t kBatch = 64;
  // First convolutions by hand: output pixels * output channels * taps * 3. BERT's first GEMM has a gradient
  // to pass on.
  for (const Totals& expected :
       {Totals{"resnet50", 112ULL * 112 * 64 * 49 * 3}, Totals{"resnet18", 112ULL * 112 * 64 * 49 * 3},
        Totals{"vgg16", 224ULL * 224 * 64 * 9 * 3}, Totals{"mobilenetv2", 112ULL * 112 * 32 * 9 * 3},
        Totals{"bert-base", 0}}) {
    SCOPED_TRACE(expected.network);
    const Network network = load_network(expected.network);
    const std::uint64_t macs = network.macs_per_sample().value() * kBatch;
    for (const char* name : {"fp32", "fp16", "hfp8", "fp4", "fp4-conv1x1-fp8", "fp8", "int16"}) {
      SCOPED_TRACE(name);
      const Step step = lower_training_step(network, load_recipe(name), kBatch);
      EXPECT_EQ(testing::macs_of(step, Pass::fwd), macs);
      EXPECT_EQ(testing::macs_of(step, Pass::wgrad), macs);
      EXPECT_EQ(testing::macs_of(step, Pass::dgrad), macs - expected.first_layer_macs * kBatch);
      const std::uint64_t clips = testing::trained_clips(step);
      EXPECT_EQ(testing::elements_of(step, "sgd") + testing::elements_of(step, "adam"),
                network.parameters().value() + clips);
    }
  }
}

TEST(Step, FewerBitsMoveFewerBytes) {
  const Network network = load_network("resnet50");
  std::uint64_t wider = ~0ULL;
  for (const char* name : {"fp32", "fp16", "hfp8"}) {
    const std::uint64_t moved = testing::traffic(lower_training_step(network, load_recipe(name), 64));
    EXPECT_LT(moved, wider) << name;
    wider = moved;
  }
  const std::uint64_t fp16 = testing::traffic(lower_training_step(network, load_recipe("fp16"), 64));
  EXPECT_LT(testing::traffic(lower_training_step(network, load_recipe("fp4"), 64)), fp16);
}

TEST(Step, ACacheIsReadWholeWrittenAtItsEndAndLiesInTheOperandsFormat) {
  NetworkMaker net;
  const LayerIndex x = net.linear(net.input({1, 16}), 16, false);
  const LayerIndex heads = net.reshape(x, {2, 1, 8});
  const LayerIndex kept = net.add(LayerKind::cache, {heads}, {2, 32, 8});
  const LayerIndex scores = net.add(LayerKind::matmul, {heads, net.reshape(kept, {2, 8, 32})}, {2, 1, 32});
  const std::string name = net.at(kept).name + ":cache";
  net.loss(net.linear(net.flatten(scores), 10));
  const Network network = net.take();
  constexpr std::uint64_t kBatch = 3, kWhole = kBatch * 2 * 32 * 8, kNewest = kBatch * 2 * 8;
  const Step step = lower_inference(network, testing::fp4_recipe(), kBatch);
  std::uint64_t read = 0, written = 0;
  for (const Operation& operation : step.operations) {
    for (const TensorUse& use : operation.reads) {
      if (step.tensors[use.tensor].name == name) read += use.bytes.value();
    }
    for (const TensorUse& use : operation.writes) {
      if (step.tensors[use.tensor].name == name) written += use.bytes.value();
    }
  }
  EXPECT_EQ(read, kWhole / 2);      // int4
  EXPECT_EQ(written, kNewest / 2);
  EXPECT_EQ(problem_of([&] { static_cast<void>(lower_training_step(network, testing::fp4_recipe(), kBatch)); }),
            "LOW-UNSUPPORTED");
}

}  // namespace
}  // namespace nibble
