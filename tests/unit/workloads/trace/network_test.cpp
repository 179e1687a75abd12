#include "workloads/trace/network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "models/base/error.hpp"
#include "models/config/catalogue.hpp"

namespace nibble {
namespace {

const std::vector<std::string> kShipped{"resnet18", "resnet50", "vgg16", "mobilenetv2", "bert-base",
                                        "bert-large-128", "bert-large-512", "gpt2", "tinyllama", "tinyllama-decode", "transformer-base",
                                        "mobilenetv1", "inceptionv3", "inceptionv4", "vit-b-16", "convnext-t",
                                        "lstm-ptb", "lstm-ptb-large", "bilstm-swb300", "ssd300", "yolov3", "yolov3-tiny"};

std::uint64_t macs(const std::string& name) { return load_network(name).macs_per_sample().value(); }
std::uint64_t parameters(const std::string& name) { return load_network(name).parameters().value(); }

/// The network in `text`, through a file of its own.
Network load_text(const std::string& text) {
  const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::filesystem::path path = std::filesystem::path{testing::TempDir()} / (test + ".yaml");
  std::ofstream{path} << text;
  return load_network(path.string());
}

const std::string kHead = "schema: nibble/network/1\nname: small\nlayers:\n";

// Published: torchvision's model table (GFLOPS column, multiply-accumulates of a 224 x 224 image;
// parameters).

TEST(Network, Resnet18MatchesPublished) {
  EXPECT_NEAR(static_cast<double>(macs("resnet18")), 1.81e9, 0.005e9);
  EXPECT_EQ(parameters("resnet18"), 11'689'512U);
}

TEST(Network, Resnet50MatchesPublished) {
  EXPECT_NEAR(static_cast<double>(macs("resnet50")), 4.09e9, 0.005e9);
  EXPECT_EQ(parameters("resnet50"), 25'557'032U);
}

TEST(Network, Vgg16MatchesPublished) {
  EXPECT_NEAR(static_cast<double>(macs("vgg16")), 15.47e9, 0.005e9);
  EXPECT_EQ(parameters("vgg16"), 138'357'544U);
}

TEST(Network, Mobilenetv2MatchesPublished) {
  EXPECT_NEAR(static_cast<double>(macs("mobilenetv2")), 0.30e9, 0.005e9);
  EXPECT_EQ(parameters("mobilenetv2"), 3'504'872U);
}

// torchvision's table, too: multiply-accumulates to two decimals of 1e9. Its 27,161,264 parameters of Inception v3
// include the auxiliary classifier's 3,326,696, which this trace leaves out.

TEST(Network, InceptionV3MatchesPublished) {
  EXPECT_NEAR(static_cast<double>(macs("inceptionv3")), 5.71e9, 0.005e9);
  EXPECT_EQ(parameters("inceptionv3"), 27'161'264U - 3'326'696U);
}

TEST(Network, VitB16MatchesPublished) {
  EXPECT_NEAR(static_cast<double>(macs("vit-b-16")), 17.56e9, 0.005e9);
  EXPECT_EQ(parameters("vit-b-16"), 86'567'656U);
}

TEST(Network, ConvNextTMatchesPublished) {
  EXPECT_NEAR(static_cast<double>(macs("convnext-t")), 4.46e9, 0.005e9);
  EXPECT_EQ(parameters("convnext-t"), 28'589'128U);
}

// Published: the paper's 569 million multiply-adds and 4.2 million parameters.
TEST(Network, MobilenetV1MatchesPublished) {
  EXPECT_NEAR(static_cast<double>(macs("mobilenetv1")), 569e6, 0.5e6);
  EXPECT_NEAR(static_cast<double>(parameters("mobilenetv1")), 4.2e6, 0.05e6);
}

// Published: timm's model card, 42.7 million parameters and 12.3e9 multiply-accumulates at 299 x 299.
TEST(Network, InceptionV4MatchesPublished) {
  EXPECT_NEAR(static_cast<double>(macs("inceptionv4")), 12.3e9, 0.05e9);
  EXPECT_NEAR(static_cast<double>(parameters("inceptionv4")), 42.7e6, 0.05e6);
}

// GPT-2 by hand: 12 layers, width 768, 1024 tokens; every score is computed, the masked half too.
TEST(Network, Gpt2MatchesHandCount) {
  constexpr std::uint64_t kTokens = 1024, kWidth = 768, kWords = 50257;
  EXPECT_EQ(macs("gpt2"), 12 * (12 * kTokens * kWidth * kWidth + 2 * kTokens * kTokens * kWidth) +
                              kTokens * kWidth * kWords);
  // Matrices and biases of a layer: 3 + 1 + 4 + 4 widths; 2 norms.
  constexpr std::uint64_t kLayer = 12 * kWidth * kWidth + 9 * kWidth + 4 * kWidth;
  static_assert((kWords + kTokens) * kWidth + 12 * kLayer + 2 * kWidth == 124'439'808U);  // released as 124M
  EXPECT_EQ(parameters("gpt2"), 124'439'808U);
}

// TinyLlama by hand: 22 layers, width 2048, hidden width 5632, 2048 tokens; 4 key and value heads of 64 for 32 queries'.
TEST(Network, TinyLlamaMatchesHandCount) {
  constexpr std::uint64_t kTokens = 2048, kWidth = 2048, kHidden = 5632, kShared = 4 * 64, kWords = 32000, kLayers = 22;
  constexpr std::uint64_t kMatrices = 2 * kWidth * kWidth + 2 * kWidth * kShared + 3 * kWidth * kHidden;
  EXPECT_EQ(macs("tinyllama"),
            kTokens * (kLayers * (kMatrices + 2 * kTokens * kWidth) + kWidth * kWords));  // every score, the masked half too
  static_assert(kLayers * (kMatrices + 2 * kWidth) + 2 * kWords * kWidth + kWidth == 1'100'048'384U);  // released as 1.1B
  EXPECT_EQ(parameters("tinyllama"), 1'100'048'384U);
  // The last token alone, against all positions.
  EXPECT_EQ(macs("tinyllama-decode"), kLayers * (kMatrices + 2 * kTokens * kWidth) + kWidth * kWords);
  EXPECT_EQ(parameters("tinyllama-decode"), 1'100'048'384U);
}

// Transformer-base by hand: 6 + 6 layers, width 512, 8 heads, inner width 2048, 64 tokens on each side. The paper
// rounds its parameters to 65 million.
TEST(Network, TransformerBaseMatchesHandCount) {
  constexpr std::uint64_t kTokens = 64, kWidth = 512, kInner = 2048, kWords = 37000;
  constexpr std::uint64_t kAttention = 4 * kTokens * kWidth * kWidth + 2 * kTokens * kTokens * kWidth;
  constexpr std::uint64_t kFeedForward = 2 * kTokens * kWidth * kInner;
  EXPECT_EQ(macs("transformer-base"), 6 * (3 * kAttention + 2 * kFeedForward) + kTokens * kWidth * kWords);

  constexpr std::uint64_t kProjections = 4 * (kWidth * kWidth + kWidth), kNorm = 2 * kWidth;
  constexpr std::uint64_t kInnerLayers = 2 * kWidth * kInner + kInner + kWidth;
  const std::uint64_t expected =
      kWords * kWidth + 6 * (3 * kProjections + 2 * kInnerLayers + 5 * kNorm);
  EXPECT_EQ(parameters("transformer-base"), expected);
  EXPECT_NEAR(static_cast<double>(expected), 65e6, 2e6);
}

TEST(Network, BertLargeMatchesHandCountAtBothLengths) {
  constexpr std::uint64_t kWidth = 1024, kWords = 30522, kInner = 4 * kWidth, kNorm = 2 * kWidth;
  constexpr std::uint64_t kEmbeddings = (kWords + 512 + 2) * kWidth + kNorm;
  constexpr std::uint64_t kLayer =
      4 * (kWidth * kWidth + kWidth) + (kWidth * kInner + kInner) + (kInner * kWidth + kWidth) + 2 * kNorm;
  constexpr std::uint64_t kHeadOwn = kWidth * kWidth + kWidth + kNorm + kWords;
  for (const std::uint64_t tokens : {128U, 512U}) {
    const std::uint64_t layer = 12 * tokens * kWidth * kWidth + 2 * tokens * tokens * kWidth;
    const std::string name = "bert-large-" + std::to_string(tokens);
    EXPECT_EQ(macs(name), 24 * layer + tokens * kWidth * (kWidth + kWords)) << name;
    EXPECT_EQ(parameters(name), kEmbeddings + 24 * kLayer + kHeadOwn) << name;
    EXPECT_NEAR(static_cast<double>(parameters(name)), 340e6, 5e6) << "the paper's rounded count";
  }
}

// torchvision's table of detection models: 34.858e9 multiply-accumulates and 35,641,826 parameters, with 91 classes; the
// paper's 8,732 default boxes.
TEST(Network, Ssd300MatchesPublished) {
  EXPECT_NEAR(static_cast<double>(macs("ssd300")), 34.858e9, 0.0005e9);
  EXPECT_EQ(parameters("ssd300"), 35'641'826U);
  const Network network = load_network("ssd300");
  const Layer& loss = network.layers.back();
  EXPECT_EQ(network.layers[loss.inputs[0]].output, (Shape{8732, 4}));
  EXPECT_EQ(network.layers[loss.inputs[1]].output, (Shape{8732, 91}));
}

/// Numbers that Darknet's file of weights holds: besides the parameters, two running averages for each normalised channel.
std::uint64_t darknet_floats(const std::string& name) {
  std::uint64_t floats = parameters(name);
  for (const Layer& layer : load_network(name).layers) {
    if (layer.kind == LayerKind::batch_norm) floats += 2 * layer.output[0];
  }
  return floats;
}

// Darknet prints two operations a multiply-accumulate: 65.86e9 for yolov3.cfg at 416 x 416, 5.56e9 for yolov3-tiny.cfg
// (its authors' page). Sizes of their files of weights: 248,007,048 bytes (AlexeyAB/darknet, issue 1910) and 35,434,956
// (from memory; the same project's issue 6022 says 8.86 million numbers), five words of which are a header.
TEST(Network, YoloV3MatchesPublished) {
  EXPECT_NEAR(2 * static_cast<double>(macs("yolov3")), 65.86e9, 0.02e9);
  EXPECT_EQ(darknet_floats("yolov3"), 248'007'048U / 4 - 5);
}

TEST(Network, YoloV3TinyMatchesPublished) {
  EXPECT_NEAR(2 * static_cast<double>(macs("yolov3-tiny")), 5.56e9, 0.02e9);
  EXPECT_EQ(darknet_floats("yolov3-tiny"), 35'434'956U / 4 - 5);
}

// Zaremba's models by hand: two layers as wide as their input, 35 words, vocabulary 10,000. Published (from memory): 20
// and 66 million parameters, with two biases a gate as here.
TEST(Network, PtbLanguageModelsMatchHandCount) {
  constexpr std::uint64_t kWords = 10'000, kSteps = 35;
  for (const auto& [name, units, published] :
       {std::tuple{"lstm-ptb", 650ULL, 20e6}, std::tuple{"lstm-ptb-large", 1500ULL, 66e6}}) {
    EXPECT_EQ(macs(name), kSteps * (2 * 8 * units * units + units * kWords)) << name;
    EXPECT_EQ(parameters(name), 2 * units * kWords + kWords + 2 * (8 * units * units + 8 * units)) << name;
    EXPECT_NEAR(static_cast<double>(parameters(name)), published, 0.5e6) << name;
  }
}

// The published model (from memory) has six layers and about 43 million parameters; this one four, each of the two less
// having two directions of four gates of 512 units that read 1,024 features and their own state.
TEST(Network, SwitchboardAcousticModelMatchesHandCount) {
  constexpr std::uint64_t kUnits = 512, kDirections = 2, kGates = 4 * kUnits, kBiases = 2 * kGates;
  constexpr std::uint64_t kInner = kDirections * (kGates * (2 * kUnits + kUnits) + kBiases);
  constexpr std::uint64_t kFirst = kDirections * (kGates * (260 + kUnits) + kBiases);
  constexpr std::uint64_t kTop = 1024 * 256 + 256 + 256 * 32'000 + 32'000;
  EXPECT_EQ(parameters("bilstm-swb300"), kFirst + 3 * kInner + kTop);
  EXPECT_NEAR(static_cast<double>(kFirst + 5 * kInner + kTop), 43e6, 0.5e6);
  EXPECT_EQ(macs("bilstm-swb300"),
            21 * (kFirst + 3 * kInner + kTop - 8 * kBiases - 256 - 32'000));
}

// BERT-base by hand, from the sizes in the paper: 12 layers, width 768, 12 heads of 64, inner width 3072.

TEST(Network, BertBaseMatchesHandCount) {
  constexpr std::uint64_t kTokens = 128, kWidth = 768, kInner = 3072, kHeads = 12, kHead64 = 64,
                          kWords = 30522;
  constexpr std::uint64_t kProjections = 4 * kTokens * kWidth * kWidth;  // query, key, value, output
  constexpr std::uint64_t kFeedForward = 2 * kTokens * kWidth * kInner;
  constexpr std::uint64_t kAttention = 2 * kHeads * kTokens * kTokens * kHead64;  // scores, context
  constexpr std::uint64_t kMaskedWordHead = kTokens * kWidth * kWidth + kTokens * kWidth * kWords;
  EXPECT_EQ(macs("bert-base"), 12 * (kProjections + kFeedForward + kAttention) + kMaskedWordHead);

  constexpr std::uint64_t kNorm = 2 * kWidth;
  constexpr std::uint64_t kEmbeddings = (kWords + 512 + 2) * kWidth + kNorm;
  constexpr std::uint64_t kLayer =
      4 * (kWidth * kWidth + kWidth) + (kWidth * kInner + kInner) + (kInner * kWidth + kWidth) + 2 * kNorm;
  constexpr std::uint64_t kHeadOwn =
      kWidth * kWidth + kWidth + kNorm + kWords;  // its matrix is the embedding's
  static_assert(kEmbeddings + 12 * kLayer + kHeadOwn ==
                109'514'298U);  // published for the uncased model with this head
  EXPECT_EQ(parameters("bert-base"), kEmbeddings + 12 * kLayer + kHeadOwn);
}

TEST(Network, BertSharesItsWordTableWithItsHead) {
  const Network network = load_network("bert-base");
  std::vector<const Layer*> shared;
  for (const Layer& layer : network.layers) {
    if (!layer.shares_weights_with.empty()) shared.push_back(&layer);
  }
  ASSERT_EQ(shared.size(), 1U);
  EXPECT_EQ(shared[0]->output, (Shape{128, 30522}));
  EXPECT_EQ(shared[0]->parameters, 30522U) << "the head's bias is its own";
}

// Structure: a captured network is one connected graph in an order in which it can run.

TEST(Network, ShippedNetworksAreWhole) {
  for (const std::string& name : kShipped) {
    const Network network = load_network(name);
    EXPECT_EQ(network.name, name);
    EXPECT_FALSE(network.description.empty()) << name;
    EXPECT_FALSE(network.origin.empty()) << name;
    std::set<LayerIndex> read;
    for (LayerIndex i = 0; i < network.layers.size(); ++i) {
      for (const LayerIndex input : network.layers[i].inputs) {
        EXPECT_LT(input, i) << name << ": " << network.layers[i].name;
        read.insert(input);
      }
    }
    EXPECT_EQ(read.size(), network.layers.size() - 1) << name << ": every layer but the last feeds another";
    EXPECT_TRUE(is_loss(network.layers.back().kind)) << name;
  }
}

TEST(Network, ShippedNetworksHaveTheirPublishedLayers) {
  const auto count = [](const std::string& name, LayerKind kind) {
    const Network network = load_network(name);
    return std::count_if(network.layers.begin(), network.layers.end(),
                         [kind](const Layer& layer) { return layer.kind == kind; });
  };
  EXPECT_EQ(count("resnet18", LayerKind::conv2d), 20);  // 1 + 16 + 3 on shortcuts
  EXPECT_EQ(count("resnet18", LayerKind::add), 8);
  EXPECT_EQ(count("resnet50", LayerKind::conv2d), 53);  // 1 + 48 + 4 on shortcuts
  EXPECT_EQ(count("resnet50", LayerKind::add), 16);
  EXPECT_EQ(count("yolov3", LayerKind::conv2d), 52 + 23);  // Darknet-53 without its classifier; three heads
  EXPECT_EQ(count("yolov3", LayerKind::add), 23);
  EXPECT_EQ(count("yolov3-tiny", LayerKind::conv2d), 13);
  EXPECT_EQ(count("ssd300", LayerKind::conv2d), 13 + 2 + 8 + 12);
  EXPECT_EQ(count("vgg16", LayerKind::conv2d), 13);
  EXPECT_EQ(count("vgg16", LayerKind::linear), 3);
  EXPECT_EQ(count("mobilenetv2", LayerKind::conv2d), 52);
  EXPECT_EQ(count("mobilenetv2", LayerKind::add), 10);
  EXPECT_EQ(count("bert-base", LayerKind::matmul), 24);
  EXPECT_EQ(count("bert-base", LayerKind::softmax), 12);
  EXPECT_EQ(count("bert-base", LayerKind::layer_norm), 26);  // 2 a layer, embeddings, head
}

// Arithmetic of single layers, against loops that count one multiplication at a time.

TEST(LayerMacs, ConvolutionCountsEveryTapOfEveryOutput) {
  const Network network =
      load_text(kHead +
                "  - {name: x, kind: input, output: [6, 9, 8]}\n"
                "  - {name: c, kind: conv2d, inputs: [x], output: [4, 4, 3], kernel: [3, 2], "
                "stride: [2, 3], padding: [1, 1], dilation: [2, 2], groups: 2, bias: true, "
                "parameters: 76}\n");
  std::uint64_t expected = 0;
  for (int channel = 0; channel < 4; ++channel) {
    for (int y = -1; y + (3 - 1) * 2 < 9 + 1; y += 2) {
      for (int x = -1; x + (2 - 1) * 2 < 8 + 1; x += 3) {
        for (int in_channel = 0; in_channel < 6 / 2; ++in_channel) expected += 3 * 2;
      }
    }
  }
  EXPECT_EQ(layer_macs(network, 1).value(), expected);
  EXPECT_EQ(layer_macs(network, 0).value(), 0U);
}

TEST(LayerMacs, MatmulReadsItsSecondFactorEitherWay) {
  const Network network = load_text(kHead +
                                    "  - {name: a, kind: input, output: [2, 3, 5]}\n"
                                    "  - {name: b, kind: input, output: [2, 5, 7]}\n"
                                    "  - {name: plain, kind: matmul, inputs: [a, b], output: [2, 3, 7]}\n"
                                    "  - {name: c, kind: input, output: [2, 7, 5]}\n"
                                    "  - {name: transposed, kind: matmul, inputs: [a, c], output: [2, 3, 7], "
                                    "transpose_b: true}\n");
  EXPECT_EQ(layer_macs(network, 2).value(), 2U * 3 * 5 * 7);
  EXPECT_EQ(layer_macs(network, 4).value(), 2U * 3 * 5 * 7);
}

TEST(LayerMacs, LstmCountsEveryGateOfEveryStep) {
  const Network network =
      load_text(kHead +
                "  - {name: x, kind: input, output: [3, 5]}\n"
                "  - {name: l, kind: lstm, inputs: [x], output: [3, 2], bias: true, reverse: true, parameters: 72}\n");
  EXPECT_EQ(layer_macs(network, 1).value(), 3U * 4 * 2 * (5 + 2));
  EXPECT_TRUE(network.layers[1].reverse);
}

TEST(LayerMacs, LinearAppliesToEveryRow) {
  const Network network =
      load_text(kHead +
                "  - {name: x, kind: input, output: [11, 5]}\n"
                "  - {name: l, kind: linear, inputs: [x], output: [11, 3], parameters: 15}\n");
  EXPECT_EQ(layer_macs(network, 1).value(), 11U * 5 * 3);
}

TEST(LoadNetwork, ReadsEveryAttribute) {
  const Network network =
      load_text(kHead +
                "  - {name: x, kind: input, output: [4, 8, 8]}\n"
                "  - {name: c, kind: conv2d, inputs: [x], output: [2, 4, 3], kernel: [3, 5], "
                "stride: [2, 3], padding: [1, 2], groups: 2, bias: true, parameters: 62, "
                "activation_zeros: 0.25, gradient_zeros: 0.5}\n");
  const Layer& layer = network.layers[1];
  EXPECT_EQ(layer.window.kernel[0], 3U);
  EXPECT_EQ(layer.window.kernel[1], 5U);
  EXPECT_EQ(layer.window.stride[1], 3U);
  EXPECT_EQ(layer.window.padding[1], 2U);
  EXPECT_EQ(layer.window.dilation[0], 1U);
  EXPECT_EQ(layer.groups, 2U);
  EXPECT_TRUE(layer.bias);
  EXPECT_EQ(layer.parameters, 62U);
  EXPECT_EQ(layer.activation_zeros, 0.25);
  EXPECT_EQ(layer.gradient_zeros, 0.5);
  EXPECT_EQ(network.layers[0].activation_zeros, std::nullopt) << "what was not measured is not zero";
}

TEST(LoadNetwork, BroadcastsOnesInEitherOperand) {
  const Network network =
      load_text(kHead +
                "  - {name: x, kind: input, output: [4, 8, 8]}\n"
                "  - {name: pooled, kind: global_avg_pool, inputs: [x], output: [4, 1, 1]}\n"
                "  - {name: gated, kind: multiply, inputs: [pooled, x], output: [4, 8, 8]}\n");
  EXPECT_EQ(network.layers.size(), 3U);
}

TEST(LoadNetwork, HashIsOfTheContentNotTheLayout) {
  const std::string layer = "  - {name: x, kind: input, output: [4]}\n";
  const std::string hash = load_text(kHead + layer).hash;
  EXPECT_EQ(hash.size(), 32U);
  EXPECT_EQ(load_text("# a comment\n" + kHead + layer).hash, hash);
  EXPECT_NE(load_text(kHead + "  - {name: x, kind: input, output: [5]}\n").hash, hash);
}

TEST(LoadNetwork, TheReadmesExampleLoads) {
  std::ifstream readme{NIBBLE_REPO_DIR "/workloads/README.md"};
  std::string example;
  bool inside = false;
  for (std::string line; std::getline(readme, line);) {
    if (inside && line == "```") break;
    if (inside) example += line + "\n";
    if (line == "```yaml") inside = true;
  }
  const Network network = load_text(example);
  EXPECT_EQ(network.layers.size(), 8U);
  // By hand: 16 x 16 outputs of 16 channels, 3 x 3 x 3 taps each; then 16 x 10.
  EXPECT_EQ(network.macs_per_sample().value(), 16U * 16 * 16 * 27 + 160);
  EXPECT_EQ(network.parameters().value(), 432U + 32 + 170);
}

TEST(LoadNetwork, ALayerThatRunsTwiceOwnsNothingTheSecondTime) {
  const Network network =
      load_text(kHead +
                "  - {name: x, kind: input, output: [6]}\n"
                "  - {name: a, kind: linear, inputs: [x], output: [6], bias: true, parameters: 42}\n"
                "  - {name: b, kind: linear, inputs: [a], output: [6], bias: true, parameters: 0, "
                "shares_weights_with: a}\n"
                "  - {name: c, kind: linear, inputs: [b], output: [6], bias: true, parameters: 6, "
                "shares_weights_with: a}\n");
  EXPECT_EQ(network.parameters().value(), 42U + 6);
  EXPECT_EQ(network.macs_per_sample().value(), 3U * 36);
}

TEST(LoadNetwork, PoolsRoundUpWhenToldTo) {
  // Windows of 3 at every second pixel of 8 begin at 0, 2, 4, and the one that begins at 6 looks over the edge.
  const Network network = load_text(kHead +
                                    "  - {name: x, kind: input, output: [3, 8, 7]}\n"
                                    "  - {name: p, kind: max_pool, inputs: [x], output: [3, 4, 3], "
                                    "kernel: [3, 3], stride: [2, 2], ceil: true}\n");
  EXPECT_TRUE(network.layers[1].window.ceil);
}

TEST(LoadNetwork, PadsEachSideAsTold) {
  const Network network = load_text(kHead +
                                    "  - {name: x, kind: input, output: [3, 8, 7]}\n"
                                    "  - {name: p, kind: max_pool, inputs: [x], output: [3, 8, 7], "
                                    "kernel: [2, 2], padding: [0, 0, 1, 1]}\n"
                                    "  - {name: c, kind: conv2d, inputs: [p], output: [2, 7, 8], "
                                    "kernel: [3, 3], padding: [1, 2, 0, 1], parameters: 54}\n");
  EXPECT_EQ(network.layers[1].window.far_padding[0], 1);
  EXPECT_EQ(network.layers[2].window.padding[1], 2U);
  EXPECT_EQ(network.layers[2].window.far_padding[1], -1);
}

TEST(LoadNetwork, ConcatJoinsAnyOneDimension) {
  const Network network = load_text(kHead +
                                    "  - {name: x, kind: input, output: [3, 8]}\n"
                                    "  - {name: tall, kind: concat, inputs: [x, x], output: [6, 8]}\n"
                                    "  - {name: wide, kind: concat, inputs: [x, x, x], output: [3, 24]}\n");
  EXPECT_EQ(network.layers[2].output, (Shape{3, 24}));
}

TEST(LoadNetwork, UnknownNameGetsTheNearestKnown) {
  try {
    (void)load_network("resnet5O");
    FAIL() << "loaded a network that does not exist";
  } catch (const InputError& error) {
    ASSERT_EQ(error.problems().size(), 1U);
    EXPECT_EQ(error.problems()[0].id, "CAT-UNKNOWN");
    EXPECT_THAT(error.problems()[0].hint, testing::HasSubstr("resnet50"));
  }
}

TEST(LayerKindNames, EveryKindHasOneOfItsOwn) {
  std::set<std::string> names;
  constexpr auto kLast = LayerKind::yolo_loss;
  for (int kind = 0; kind <= static_cast<int>(kLast); ++kind) {
    names.insert(to_string(static_cast<LayerKind>(kind)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kLast) + 1);
}

}  // namespace
}  // namespace nibble
