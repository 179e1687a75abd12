// Proves: a model that torch exported to ONNX is the network that was captured from the same module, layer by layer and
// operation by operation; what cannot be imported is one error that names the node. models/ is made by make_models.py.
#include "workloads/importers/onnx_model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/base/error.hpp"
#include "workloads/importers/import_network.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {
namespace {

class OnnxModel : public testing::Test {
 protected:
  /// Skips the test where the program was built without ONNX.
  void SetUp() override {
    try {
      (void)model("batch-of-8");
    } catch (const InputError& error) {
      if (error.problems().front().id == "ONNX-MISSING") GTEST_SKIP() << "built without ONNX";
    }
  }

  static Network model(const std::string& name) {
    return import_network(NIBBLE_TEST_DIR "/unit/workloads/importers/models/" + name + ".onnx");
  }

  static Problem refused(const std::string& name) {
    try {
      (void)model(name);
    } catch (const InputError& error) {
      return error.problems().front();
    }
    ADD_FAILURE() << name << " was accepted";
    return {};
  }
};

/// All that a layer is, but its name.
std::string text_of(const Network& network, LayerIndex index) {
  const Layer& l = network.layers[index];
  const Window& w = l.window;
  return fmt::format("{} [{}] of [{}] k{}x{} s{}x{} p{}x{} f{}x{} d{}x{} c{} g{} b{} P{} M{}", to_string(l.kind),
                     fmt::join(l.output, ","), fmt::join(l.inputs, ","), w.kernel[0], w.kernel[1], w.stride[0],
                     w.stride[1], w.padding[0], w.padding[1], w.far_padding[0], w.far_padding[1], w.dilation[0],
                     w.dilation[1], w.ceil, l.groups, l.bias, l.parameters, layer_macs(network, index).value());
}

std::vector<std::string> texts(const Network& network) {
  std::vector<std::string> all;
  for (LayerIndex i = 0; i < network.layers.size(); ++i) all.push_back(text_of(network, i));
  return all;
}

/// All that the simulated time of a step depends on.
std::vector<std::string> operations(const Step& step) {
  std::vector<std::string> all;
  for (const Operation& operation : step.operations) {
    std::string text = to_string(operation.pass);
    if (operation.gemm) {
      text += fmt::format(" {}x{}x{}x{}", operation.gemm->m, operation.gemm->n, operation.gemm->k, operation.gemm->count);
    }
    for (const VectorWork& work : operation.vector) text += fmt::format(" {} {}", work.what, work.elements.value());
    for (const auto* uses : {&operation.reads, &operation.writes}) {
      for (const TensorUse& use : *uses) {
        text += fmt::format(" {} {} of {} {}", use.tensor, use.bytes.value(), step.tensors[use.tensor].elements.value(),
                            step.tensors[use.tensor].format);
      }
    }
    all.push_back(text);
  }
  return all;
}

TEST_F(OnnxModel, ExportedForTrainingIsTheCapturedNetwork) {
  for (const std::string name : {"resnet18", "mobilenetv2"}) {
    const Network imported = model(name + "-training"), captured = load_network(name);
    EXPECT_EQ(texts(imported), texts(captured)) << name;
    EXPECT_EQ(imported.parameters(), captured.parameters()) << name;
    for (const char* recipe : {"hfp8", "fp4"}) {
      EXPECT_EQ(operations(lower_training_step(imported, load_recipe(recipe), 8)),
                operations(lower_training_step(captured, load_recipe(recipe), 8)))
          << name << " " << recipe;
    }
  }
}

TEST_F(OnnxModel, ExportedForInferenceHasItsBatchNormsFolded) {
  const Network folded = model("resnet18-folded"), captured = load_network("resnet18");
  EXPECT_EQ(folded.macs_per_sample(), captured.macs_per_sample());
  std::uint64_t norms = 0;
  for (const Layer& layer : captured.layers) norms += layer.kind == LayerKind::batch_norm ? 1U : 0U;
  EXPECT_EQ(folded.layers.size() + norms, captured.layers.size());
  // Two numbers a channel have become one: a bias.
  std::uint64_t channels = 0;
  for (const Layer& layer : captured.layers) channels += layer.kind == LayerKind::batch_norm ? layer.output[0] : 0;
  EXPECT_EQ(folded.parameters().value() + channels, captured.parameters().value());
}

TEST_F(OnnxModel, AnUnknownOperatorIsNamed) {
  const Problem problem = refused("unknown-operator");
  EXPECT_EQ(problem.id, "ONNX-OPERATOR");
  EXPECT_THAT(problem.what, testing::HasSubstr("'only' (Erf)"));
  EXPECT_THAT(problem.hint, testing::HasSubstr("Conv, "));
}

TEST_F(OnnxModel, WhatALayerDoesNotDoIsNamed) {
  const Problem problem = refused("softmax-of-rows");
  EXPECT_EQ(problem.id, "ONNX-OPERATOR");
  EXPECT_THAT(problem.what, testing::HasSubstr("axis 1"));
}

TEST_F(OnnxModel, OnlyTheBatchMayBeOpen) {
  EXPECT_EQ(refused("batch-of-8").id, "ONNX-BATCH");
  EXPECT_EQ(refused("second-name").id, "ONNX-SHAPE");
}

TEST_F(OnnxModel, SamePaddingIsLargerOnTheFarSide) {
  const Network network = model("same-padding");
  const Layer& layer = network.layers[1];
  EXPECT_EQ(layer.output, (Shape{5, 4, 4}));
  EXPECT_EQ(layer.window.padding[0], 0U);
  EXPECT_EQ(layer.window.far_padding[0], 1);
}

TEST_F(OnnxModel, WhatIsNoModelIsRefused) {
  try {
    (void)onnx_model("text.onnx", "this is no model");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems().front().id, "ONNX-PARSE");
    EXPECT_EQ(error.problems().front().file, "text.onnx");
  }
}

}  // namespace
}  // namespace nibble
