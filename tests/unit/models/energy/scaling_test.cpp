// Proves: voltage scaling is V^2; node scaling gives the values worked out by hand from the published
// polynomials.
#include "models/energy/scaling.hpp"

#include <gtest/gtest.h>

namespace nibble {
namespace {

TEST(Scaling, SwitchingEnergyFollowsTheSquareOfTheVoltage) {
  EXPECT_DOUBLE_EQ(voltage_energy_factor(Volts{0.75}, Volts{0.75}), 1.0);
  EXPECT_NEAR(voltage_energy_factor(Volts{0.75}, Volts{0.55}), 1.8595, 5e-5);
}

TEST(Scaling, LeakageFollowsTheVoltage) {
  EXPECT_DOUBLE_EQ(voltage_leakage_factor(Volts{0.375}, Volts{0.75}), 0.5);
}

TEST(Scaling, WorkedExamplesFrom45Nanometres) {
  const auto factor = [](ProcessNode to, double volts) {
    return node_energy_factor(ProcessNode::hp45, Volts{0.9}, to, Volts{volts});
  };
  EXPECT_NEAR(factor(ProcessNode::hp7, 0.55), 0.0403, 5e-5);
  EXPECT_NEAR(factor(ProcessNode::hp7, 0.70), 0.0684, 5e-5);
  EXPECT_NEAR(factor(ProcessNode::hp7, 0.75), 0.0803, 5e-5);
  EXPECT_NEAR(factor(ProcessNode::hp14, 0.55), 0.0582, 5e-5);
  EXPECT_NEAR(factor(ProcessNode::hp14, 0.70), 0.1008, 5e-5);
  EXPECT_NEAR(factor(ProcessNode::hp14, 0.75), 0.1184, 5e-5);
}

TEST(Scaling, ThereAndBackIsOne) {
  EXPECT_DOUBLE_EQ(node_energy_factor(ProcessNode::hp14, Volts{0.8}, ProcessNode::hp7, Volts{0.75}) *
                       node_energy_factor(ProcessNode::hp7, Volts{0.75}, ProcessNode::hp14, Volts{0.8}),
                   1.0);
}

TEST(Scaling, ASmallerNodeNeverCostsMoreAtTheSameVoltage) {
  for (int millivolts = 600; millivolts <= 1000; millivolts += 50) {
    const Volts v{millivolts / 1000.0};
    double before = gate_energy(ProcessNode::hp45, v);
    for (const ProcessNode node : {ProcessNode::hp32, ProcessNode::hp20, ProcessNode::hp16, ProcessNode::hp14,
                                   ProcessNode::hp10, ProcessNode::hp7}) {
      EXPECT_LT(gate_energy(node, v), before) << millivolts << " mV";
      before = gate_energy(node, v);
    }
  }
}

TEST(Scaling, ARingHopIsOneCorePitch) {
  Accelerator accelerator;
  accelerator.cores = 4;
  accelerator.die_area = SquareMillimetres{36};
  EXPECT_DOUBLE_EQ(ring_hop_mm(accelerator), 3.0);
}

}  // namespace
}  // namespace nibble
