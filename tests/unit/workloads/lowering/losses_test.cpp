// Proves: detectors' losses read every output, cost what their formulas say, and send a gradient to every head.
#include <gtest/gtest.h>

#include "models/base/error.hpp"
#include "test_networks.hpp"
#include "workloads/trace/network.hpp"

namespace nibble {
namespace {

using testing::NetworkMaker;
using testing::square;

constexpr std::uint64_t kBatch = 2, kObjects = 3;

/// Two maps, each with a convolution for boxes (2 a pixel) and one for classes (2 x 5), joined by rows.
Network small_ssd() {
  NetworkMaker net;
  const LayerIndex large = net.conv(net.input({3, 8, 8}), 8, square(3, 1, 1)), small = net.conv(large, 8, square(3, 2, 1));
  const auto rows = [&](std::uint64_t columns) {
    std::vector<LayerIndex> parts;
    for (const LayerIndex map : {large, small}) {
      const LayerIndex head = net.conv(map, 2 * columns, square(3, 1, 1));
      parts.push_back(net.reshape(head, {element_count(net.shape(head)).value() / columns, columns}));
    }
    return net.add(LayerKind::concat, parts, {2 * (64 + 16), columns});
  };
  const LayerIndex boxes = rows(4), classes = rows(5);
  net.at(net.add(LayerKind::multibox_loss, {boxes, classes}, {1})).objects = kObjects;
  return net.take();
}

/// Two scales of one anchor and two classes.
Network small_yolo() {
  NetworkMaker net;
  const LayerIndex fine = net.conv(net.input({3, 8, 8}), 8, square(3, 1, 1)), coarse = net.conv(fine, 8, square(3, 2, 1));
  const LayerIndex up = net.add(LayerKind::upsample, {coarse}, {8, 8, 8});
  const LayerIndex both = net.add(LayerKind::concat, {fine, up}, {16, 8, 8});
  const LayerIndex loss =
      net.add(LayerKind::yolo_loss, {net.conv(both, 7, square(1)), net.conv(coarse, 7, square(1))}, {1});
  net.at(loss).objects = kObjects;
  net.at(loss).anchors = 1;
  return net.take();
}

TEST(Losses, MultiboxCountsPairsCoordinatesLogitsAndBoxes) {
  const Step step = lower_training_step(small_ssd(), testing::fp16_recipe(), kBatch);
  constexpr std::uint64_t kBoxes = kBatch * 160;
  EXPECT_EQ(testing::elements_of(step, "box matching"), kBoxes * kObjects);
  EXPECT_EQ(testing::elements_of(step, "box coordinates"), kBoxes * 4);
  EXPECT_EQ(testing::elements_of(step, "smooth l1 loss"), kBoxes * 4);
  EXPECT_EQ(testing::elements_of(step, "smooth l1 backward"), kBoxes * 4);
  EXPECT_EQ(testing::elements_of(step, "softmax cross entropy"), kBoxes * 5);
  EXPECT_EQ(testing::elements_of(step, "loss backward"), kBoxes * 5);
  EXPECT_EQ(testing::elements_of(step, "hard negative mining"), kBoxes);
}

TEST(Losses, TheGradientOfClassesWaitsForTheMining) {
  const Step step = lower_training_step(small_ssd(), testing::fp16_recipe(), kBatch);
  std::size_t mining = 0, gradient = 0;
  for (std::size_t i = 0; i < step.operations.size(); ++i) {
    for (const VectorWork& work : step.operations[i].vector) {
      if (work.what == "hard negative mining") mining = i;
      if (work.what == "loss backward") gradient = i;
    }
  }
  EXPECT_GT(mining, 0U);
  EXPECT_GT(gradient, mining) << "not in one kernel: all boxes of an image have to be ranked first";
}

TEST(Losses, YoloCountsEveryLogitOfEveryScale) {
  const Step step = lower_training_step(small_yolo(), testing::fp16_recipe(), kBatch);
  constexpr std::uint64_t kBoxes = kBatch * (64 + 16);
  EXPECT_EQ(testing::elements_of(step, "logistic loss backward"), kBoxes * 7);
  EXPECT_EQ(testing::elements_of(step, "logistic loss"), 2 * kBoxes * 7) << "forward and backward";
  EXPECT_EQ(testing::elements_of(step, "box matching"), kBoxes * kObjects);
  EXPECT_EQ(testing::elements_of(step, "box coordinates"), kBoxes * 4);
  EXPECT_EQ(testing::elements_of(step, "upsample backward"), kBatch * 8U * 16);
}

TEST(Losses, EveryHeadIsTrained) {
  for (const Network& network : {small_ssd(), small_yolo()}) {
    for (const Recipe& recipe : {testing::fp16_recipe(), testing::fp4_recipe()}) {
      const Step step = lower_training_step(network, recipe, kBatch);
      EXPECT_EQ(testing::macs_of(step, Pass::wgrad), network.macs_per_sample().value() * kBatch);
      EXPECT_EQ(testing::macs_of(step, Pass::dgrad) + layer_macs(network, 1).value() * kBatch,
                network.macs_per_sample().value() * kBatch)
          << "all but the image's convolution";
    }
  }
}

TEST(Losses, InferenceStoresEveryHead) {
  const Network network = small_yolo();
  const Step step = lower_inference(network, testing::fp16_recipe(), kBatch);
  std::uint64_t stored = 0;
  for (const Operation& operation : step.operations) {
    for (const TensorUse& use : operation.writes) {
      const std::uint64_t pixels = step.tensors[use.tensor].elements.value() / 7 / kBatch;
      if (step.tensors[use.tensor].elements.value() % 7 == 0 && (pixels == 64 || pixels == 16)) stored += use.bytes.value();
    }
  }
  EXPECT_EQ(stored, 2 * kBatch * 7 * (64U + 16));
  EXPECT_EQ(testing::elements_of(step, "loss"), 0U);
}

}  // namespace
}  // namespace nibble
