// Proves: every shipped technology loads and names a listed source for each figure; every shipped machine has
// an energy for all that it can do; derived figures follow the rules that stand beside them.
#include <gtest/gtest.h>

#include <cmath>

#include "models/base/error.hpp"
#include "models/config/catalogue.hpp"
#include "models/config/extends.hpp"
#include "models/config/technology.hpp"
#include "models/energy/energy.hpp"
#include "models/energy/scaling.hpp"
#include "tests/support/source_keys.hpp"

namespace nibble {
namespace {

double energy(const Technology& technology, const std::string& key) {
  return technology.events.at(key).energy.value();
}

TEST(Technologies, EveryFigureNamesAListedSource) {
  const std::set<std::string> keys = source_keys();
  const std::vector<std::string> names = shipped_names(Kind::technology);
  ASSERT_FALSE(names.empty());
  for (const std::string& name : names) {
    const Technology technology = load_technology(name);
    EXPECT_EQ(technology.name, name);
    EXPECT_FALSE(technology.description.empty());
    for (const auto& [key, event] : technology.events) {
      EXPECT_TRUE(keys.contains(event.source)) << name << " " << key << ": '" << event.source << "'";
      EXPECT_GT(event.energy.value(), 0) << name << " " << key;
    }
    EXPECT_TRUE(keys.contains(technology.leakage_source)) << name;
    const YamlFile file = load_extended(Kind::technology, name);
    const MapReader root = file.root();
    EXPECT_TRUE(keys.contains(root.source_of("reference_voltage"))) << name;
    const MapReader fabrication = root.map("fabrication");
    for (const std::string& key : fabrication.keys()) {
      if (key == "memory_g_per_gb") continue;
      EXPECT_TRUE(keys.contains(fabrication.source_of(key))) << name << " fabrication." << key;
    }
    const MapReader memories = fabrication.map("memory_g_per_gb");
    for (const std::string& kind : memories.keys()) {
      EXPECT_TRUE(keys.contains(memories.source_of(kind))) << name << " memory " << kind;
    }
  }
}

TEST(Technologies, AFigureFromAMemoryOnlySourceSaysSo) {
  for (const std::string& name : shipped_names(Kind::technology)) {
    for (const auto& [key, event] : load_technology(name).events) {
      if (event.source == "jouppi21" || event.source == "dram-memory" || event.source == "memory") {
        EXPECT_TRUE(event.memory_only) << name << " " << key;
      }
    }
  }
}

/// The rules of ibm-7nm, by width: int8's multiplier, int32's adder, the accumulators' own adders.
TEST(Technologies, LaterFourBitFormatsFollowTheRulesOfWidths) {
  const Technology t = load_technology("ibm-7nm-4bit");
  constexpr double kBit = 0.03 / 32, kProduct = 0.07 / 64, kFp16Add = 0.16, kFp32Add = 0.38;
  EXPECT_NEAR(energy(t, "mac.int4xfp4"), (16 + 18) * kBit + kFp16Add / 4, 5e-5);
  EXPECT_NEAR(energy(t, "mac.int4xluq"), (11 + 13) * kBit + kFp16Add / 4, 5e-5);
  const double mx = 2 * 2 * kProduct + (9 + 11) * kBit + kFp32Add / 4;
  EXPECT_NEAR(energy(t, "mac.mxfp4"), mx, 5e-4);
  EXPECT_NEAR(energy(t, "mac.nvfp4"), mx + (0.100 + 14 * 8 * kProduct) / 16, 5e-4);
}

TEST(Technologies, EveryShippedMachineHasAnEnergyForAllThatItCanDo) {
  for (const std::string& name : shipped_names(Kind::accelerator)) {
    const Accelerator accelerator = load_accelerator(name);
    const Technology technology = load_technology(accelerator.technology);
    Activity a;
    for (const MacMode& mode : accelerator.core.mpe.modes) {
      a.macs[mode.name] = 2;
      a.gated_macs[mode.name] = 1;
      const PeakEfficiency peak = peak_efficiency(accelerator, technology, mode);
      EXPECT_GT(peak.tops_per_w, 0) << name << " " << mode.name;
    }
    a.register_read = a.register_written = a.l0_read = a.l0_written = Bytes{1};
    a.l1_read = a.l1_written = a.memory_read = a.memory_written = Bytes{1};
    a.sfu_lane_ops = a.ring_byte_hops = a.psum_ring_byte_hops = 1;
    a.core_busy_cycles = a.core_idle_cycles = a.array_byte_hops = a.memory_row_misses = 1;
    EXPECT_NO_THROW(static_cast<void>(energy_of(a, accelerator, technology, Seconds{1e-9}))) << name;
    EXPECT_TRUE(technology.fabrication.memory_g_per_gb.contains(accelerator.memory.kind)) << name;
  }
}

TEST(Technologies, SevenNanometreFiguresFollowTheirStatedRules) {
  const Technology t = load_technology("ibm-7nm");
  const auto multiply = [](double significand) { return 0.064 + 0.00228 * significand * significand; };
  const double fp16_add = 0.16, int32_add = 0.030, int8_multiply = 0.07;
  EXPECT_NEAR(energy(t, "mac.fp16"), multiply(10) + fp16_add, 5e-4);
  EXPECT_NEAR(energy(t, "mac.hfp8-fwd"), multiply(4) + 2 * int32_add * 24 / 32 + fp16_add / 2, 5e-4);
  EXPECT_NEAR(energy(t, "mac.int4"), int8_multiply / 4 + int32_add * 12 / 32 + int32_add * 24 / 32 / 8, 1e-4);
  EXPECT_NEAR(energy(t, "mac.int2"), int8_multiply / 16 + int32_add * 8 / 32 + int32_add * 24 / 32 / 16,
              1e-4);
  EXPECT_NEAR(energy(t, "mac.int4xfp4"), int32_add * 16 / 32 + int32_add * 18 / 32 + fp16_add / 4, 1e-4);
  EXPECT_NEAR(energy(t, "mac.fixed16"), std::sqrt(int8_multiply * 1.48) + int32_add, 3e-3);
  EXPECT_NEAR(energy(t, "l0.read"), 7.5 / 8 * std::sqrt(1.0 / 8), 2e-3);
  EXPECT_NEAR(energy(t, "l1.read"), 14.0 / 8 * std::sqrt(2.0), 6e-3);
  EXPECT_NEAR(energy(t, "ring.byte_mm"), 200.0 / 256 / 10 * 8, 1e-9);
  EXPECT_EQ(energy(t, "array.byte_mm"), energy(t, "ring.byte_mm"));
  // From a device's currents (mA) and times (ns): V (IDD0 tRC - IDD3N tRAS - IDD2N tRP), all devices of a row together.
  const auto opening = [](double idd0, double idd3n, double idd2n, double ras, double rp, double devices) {
    return 1.2 * (idd0 * (ras + rp) - idd3n * ras - idd2n * rp) * devices;
  };
  EXPECT_NEAR(energy(t, "memory.hbm2.row_miss"), opening(65, 55, 40, 34, 14, 1), 5);
  EXPECT_NEAR(energy(t, "memory.ddr4.row_miss"), opening(57, 52, 37, 52 * 0.63, 22 * 0.63, 8), 10);
  EXPECT_NEAR(energy(t, "memory.lpddr5.row_miss"), opening(41.5, 22, 21.5, 40 * 1.07, 17 * 1.07, 0.5), 5);
  EXPECT_EQ(energy(t, "mac.hfp8-fwd"), energy(t, "mac.hfp8-bwd"));
  EXPECT_EQ(energy(t, "mac.hfp8-fwd"), energy(t, "mac.fp8-152"));
}

TEST(Technologies, AGatedMacKeepsATenth) {
  for (const std::string& name : shipped_names(Kind::technology)) {
    const Technology t = load_technology(name);
    for (const auto& [key, event] : t.events) {
      if (!key.starts_with("mac.") || key.ends_with(".gated")) continue;
      EXPECT_NEAR(energy(t, key + ".gated"), event.energy.value() / 10, 1e-3 * event.energy.value())
          << name << " " << key;
    }
  }
}

TEST(Technologies, FourteenNanometresAreSevenScaled) {
  const Technology seven = load_technology("ibm-7nm");
  const Technology fourteen = load_technology("ibm-14nm");
  const double logic = node_energy_factor(ProcessNode::hp7, seven.reference_voltage, ProcessNode::hp14,
                                          fourteen.reference_voltage);
  const double wire = voltage_energy_factor(fourteen.reference_voltage, seven.reference_voltage);
  ASSERT_EQ(seven.events.size(), fourteen.events.size());
  for (const auto& [key, event] : seven.events) {
    const bool is_wire = key.ends_with(".byte_mm");
    const double factor = key.starts_with("memory.") || key.starts_with("link.") ? 1.0 : is_wire ? wire : logic;
    EXPECT_NEAR(energy(fourteen, key), event.energy.value() * factor, 2e-3 * event.energy.value()) << key;
    EXPECT_EQ(fourteen.events.at(key).memory_only, event.memory_only) << key;
  }
}

TEST(Technologies, WrongFilesAreReportedWhole) {
  const std::filesystem::path path = std::filesystem::path{testing::TempDir()} / "broken-technology.yaml";
  std::ofstream{path}
      << "schema: nibble/technology/1\nextends: ibm-7nm\nname: broken\nreference_voltage: 7 V\n"
         "events:\n  mac.fp16: {energy: -1 pJ, per: MAC}\n  l1.read: {enrgy: 1 pJ}\n";
  try {
    static_cast<void>(load_technology(path.string()));
    ADD_FAILURE() << "accepted";
  } catch (const InputError& error) {
    std::multiset<std::string> ids;
    for (const Problem& problem : error.problems()) ids.insert(problem.id);
    EXPECT_EQ(ids, (std::multiset<std::string>{"CFG-RANGE", "CFG-RANGE", "CFG-UNKNOWN"}));
  }
}

}  // namespace
}  // namespace nibble
