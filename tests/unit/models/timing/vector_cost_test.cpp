// Proves: the lane operations of each kind follow from its formula, and no two kinds share a name.
#include "models/timing/vector_cost.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace nibble {
namespace {

std::vector<VectorKind> all_kinds() {
  std::vector<VectorKind> kinds;
  for (int kind = 0; kind <= static_cast<int>(VectorKind::stochastic_rounding); ++kind) {
    kinds.push_back(static_cast<VectorKind>(kind));
  }
  return kinds;
}

TEST(VectorCost, EveryKindCostsSomethingAndHasItsOwnName) {
  std::set<std::string> names;
  for (const VectorKind kind : all_kinds()) {
    EXPECT_GE(lane_ops_per_element(kind), 1.0) << to_string(kind);
    EXPECT_TRUE(names.insert(to_string(kind)).second) << to_string(kind);
  }
}

TEST(VectorCost, CountsTheOperationsOfTheFormula) {
  EXPECT_EQ(lane_ops_per_element(VectorKind::relu), 1.0);
  EXPECT_EQ(lane_ops_per_element(VectorKind::add), 1.0);
  EXPECT_EQ(lane_ops_per_element(VectorKind::scale_shift), 1.0) << "one FMA";
  EXPECT_EQ(lane_ops_per_element(VectorKind::batch_norm_statistics), 2.0) << "an add and an FMA";
  EXPECT_EQ(lane_ops_per_element(VectorKind::pact_quantise), 2.0) << "scale; round and saturate";
  EXPECT_EQ(lane_ops_per_element(VectorKind::sgd_momentum), 3.0) << "decay, momentum, step: three FMAs";
}

TEST(VectorCost, TranscendentalsCostFourElementwiseOperations) {
  EXPECT_EQ(lane_ops_per_element(VectorKind::tanh), 4 * lane_ops_per_element(VectorKind::relu));
  EXPECT_EQ(lane_ops_per_element(VectorKind::silu) - lane_ops_per_element(VectorKind::sigmoid), 1.0) << "* x";
  EXPECT_EQ(lane_ops_per_element(VectorKind::softmax), 4.0 + 4.0) << "exp; maximum, difference, sum, product";
}

TEST(VectorCost, BackwardOfPiecewiseLinearWorkIsNoDearerThanForward) {
  EXPECT_LE(lane_ops_per_element(VectorKind::relu_backward), lane_ops_per_element(VectorKind::relu));
  EXPECT_LE(lane_ops_per_element(VectorKind::relu6_backward), lane_ops_per_element(VectorKind::relu6));
  EXPECT_LE(lane_ops_per_element(VectorKind::dropout_backward), lane_ops_per_element(VectorKind::dropout));
}

TEST(VectorCost, RefusesAKindOutsideTheEnumeration) {
  EXPECT_THROW((void)lane_ops_per_element(static_cast<VectorKind>(255)), std::logic_error);
}

TEST(SummingWaits, LanesWaitForSumsOnlyOnAMachineThatSaysSo) {
  Core core;
  core.corelets = 2;
  core.sfu = {.arrays = 2, .units = 1, .lanes = 4, .startup_cycles = 0, .l1_bandwidth = {}, .reduction_lanes = 0, .row_cycles = 0};
  EXPECT_EQ(summing_waits(core, Elements{1000}, 10), 0U);
  core.sfu.reduction_lanes = 8;  // of 16: for each lane that adds, another waits
  EXPECT_EQ(summing_waits(core, Elements{1000}, 0), 1000U);
  core.sfu.row_cycles = 67;
  EXPECT_EQ(summing_waits(core, Elements{1000}, 10), 1000U + 10 * 67 * 16);
  core.sfu.reduction_lanes = 16;
  EXPECT_EQ(summing_waits(core, Elements{1000}, 0), 0U);
}

TEST(RowSums, OnlyWorkAlongRowsHasThem) {
  EXPECT_EQ(row_sums(VectorKind::softmax), 2U);
  EXPECT_EQ(row_sums(VectorKind::layer_norm), 2U);
  EXPECT_EQ(row_sums(VectorKind::relu), 0U);
  EXPECT_EQ(row_sums(VectorKind::batch_norm_statistics), 0U) << "sums over rows, not along them";
}

}  // namespace
}  // namespace nibble
