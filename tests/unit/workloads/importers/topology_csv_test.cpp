// Proves: topologies of SCALE-Sim become the layers that their rows say; every fault is named with its line and column.
#include "workloads/importers/topology_csv.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "models/base/error.hpp"
#include "models/config/recipe.hpp"
#include "workloads/importers/import_network.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {
namespace {

const std::string kHeader = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n";

std::vector<std::string> faults(const std::string& content) {
  std::vector<std::string> found;
  try {
    (void)topology_csv("t.csv", content);
  } catch (const InputError& error) {
    for (const Problem& problem : error.problems()) {
      EXPECT_EQ(problem.file, "t.csv");
      found.push_back(fmt::format("{}:{} {}", problem.line, problem.column, problem.id));
    }
  }
  return found;
}

TEST(TopologyCsv, AConvolutionIsWhatItsRowSays) {
  const Network network = topology_csv("t.csv", kHeader + "Conv1, 230, 230, 7, 7, 3, 64, 2,\nFC, 1, 1, 1, 1, 512, 1000, 1,\n");
  ASSERT_EQ(network.layers.size(), 4U) << "each with an input of its own";
  EXPECT_EQ(network.layers[0].output, (Shape{3, 230, 230}));
  EXPECT_EQ(network.layers[1].name, "Conv1");
  EXPECT_EQ(network.layers[1].output, (Shape{64, 113, 113})) << "223 / 2 rounded up, plus one, as SCALE-Sim counts";
  EXPECT_EQ(layer_macs(network, 1).value(), 64U * 113 * 113 * 3 * 49);
  EXPECT_EQ(layer_macs(network, 3).value(), 512'000U);
  EXPECT_EQ(network.parameters().value(), 64U * 3 * 49 + 512'000);
}

TEST(TopologyCsv, AProductIsWhatItsRowSays) {
  const Network network = topology_csv("t.csv", "Layer,M,N,K\ngemm,128,256,512\n");
  EXPECT_EQ(network.layers[0].output, (Shape{128, 512}));
  EXPECT_EQ(network.layers[1].output, (Shape{128, 256}));
  const Step step = lower_inference(network, load_recipe("fp16"), 1);
  ASSERT_EQ(step.operations.size(), 1U);
  EXPECT_EQ(step.operations[0].gemm->m, 128U);
  EXPECT_EQ(step.operations[0].gemm->n, 256U);
  EXPECT_EQ(step.operations[0].gemm->k, 512U);
}

TEST(TopologyCsv, ColumnsAreFoundByNameAndBlankEndsAreLeftOut) {
  const Network one = topology_csv("t.csv", kHeader + "a, 8, 9, 3, 2, 4, 5, 1,\n");
  const Network other = topology_csv(
      "t.csv", "Stride Width,Num Filter,layer name,IFMAP Width,IFMAP Height,channels,Filter Width,Filter Height,Stride Height,Sparsity,,\r\n"
               "1,5,a,9,8,4,2,3,1,,,\r\n,,,,,,,,,,,\r\n\r\n");
  ASSERT_EQ(other.layers.size(), 2U);
  EXPECT_EQ(other.layers[1].output, one.layers[1].output);
  EXPECT_EQ(other.parameters(), one.parameters());
  // A row may be shorter than the header as long as nothing that is needed is missing.
  EXPECT_EQ(topology_csv("t.csv", kHeader.substr(0, kHeader.size() - 1) + ",,,\na,8,9,3,2,4,5,1\n").layers.size(), 2U);
}

TEST(TopologyCsv, FaultsAreAllNamedWithTheirPlaces) {
  EXPECT_EQ(faults(kHeader + "a, 8, x, 3, 2, 4, 5, 1,\nb, 8, 9, 3, 2, -4, 5,\n"),
            (std::vector<std::string>{"2:3 TOP-NUMBER", "3:6 TOP-NUMBER", "3:8 TOP-NUMBER"}));
  EXPECT_EQ(faults(kHeader + "a, 8, 9, 9, 2, 4, 5, 1,\n"), (std::vector<std::string>{"2:0 TOP-SHAPE"}));
  EXPECT_EQ(faults(kHeader + "a, 8, 9, 3, 2, 4, 5, 1,\na, 8, 9, 3, 2, 4, 5, 1,\n"), (std::vector<std::string>{"3:1 TOP-NAME"}));
  EXPECT_EQ(faults("Layer,M,N\na,1,2\n"), (std::vector<std::string>{"1:0 TOP-COLUMN"}));
  EXPECT_EQ(faults("Layer,M,N,K,Depth\na,1,2,3,4\n"), (std::vector<std::string>{"1:5 TOP-COLUMN"}));
  EXPECT_EQ(faults("Layer,M,N,K,Sparsity\na,1,2,3,1:4\n"), (std::vector<std::string>{"2:5 TOP-SPARSITY"}));
  EXPECT_EQ(faults(""), (std::vector<std::string>{"0:0 TOP-EMPTY"}));
  EXPECT_EQ(faults(kHeader), (std::vector<std::string>{"1:0 TOP-EMPTY"}));
}

TEST(TopologyCsv, ATopologyOnlyInfers) {
  const Network network = topology_csv("t.csv", "Layer,M,N,K\ngemm,128,256,512\n");
  try {
    (void)lower_training_step(network, load_recipe("fp16"), 1);
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems().front().id, "LOW-LOSS");
  }
}

TEST(ImportNetwork, APathIsReadByItsEnding) {
  const auto path = std::filesystem::path{testing::TempDir()} / "three.csv";
  std::ofstream{path} << "Layer,M,N,K\ngemm,1,2,3\n";
  const Network network = import_network(path.string());
  EXPECT_EQ(network.name, "three");
  EXPECT_EQ(network.hash.size(), 32U);
  EXPECT_EQ(import_network("resnet18").name, "resnet18");
  for (const char* missing : {"nothing.csv", "nothing.onnx"}) {
    try {
      (void)import_network(missing);
      FAIL() << missing;
    } catch (const InputError& error) {
      EXPECT_EQ(error.problems().front().id, "CAT-UNKNOWN");
    }
  }
}

}  // namespace
}  // namespace nibble
