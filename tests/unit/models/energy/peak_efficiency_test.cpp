// Proves: the peak counts what it says (MACs, registers, L0, L1, clock, leakage; no memory), by isolating one
// cost at a time and comparing with counts made by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "models/energy/energy.hpp"
#include "tests/unit/models/energy/toy_technology.hpp"

namespace nibble {
namespace {

/// All energies nothing but one.
Technology only(const std::string& key, double picojoules) {
  Technology technology = toy_technology();
  for (auto& [name, event] : technology.events) event.energy = Picojoules{name == key ? picojoules : 0};
  technology.leakage_w_per_mm2 = 0;
  return technology;
}

double tops_per_w(const Technology& technology) {
  const Accelerator accelerator = toy_accelerator();
  return peak_efficiency(accelerator, technology, accelerator.core.mpe.modes[0]).tops_per_w;
}

TEST(PeakEfficiency, RateIsLanesTimesClock) {
  const Accelerator accelerator = toy_accelerator();
  const PeakEfficiency peak = peak_efficiency(accelerator, toy_technology(), accelerator.core.mpe.modes[0]);
  EXPECT_EQ(peak.mode, "fp16");
  EXPECT_NEAR(peak.tops, 2 * 1024 * 1e9 * 1e-12, 1e-9);  // 2 corelets x 8 x 8 elements x 8 lanes at 1 GHz
  EXPECT_NEAR(peak.tops / peak.power.value(), peak.tops_per_w, 1e-12);
}

TEST(PeakEfficiency, MacsAlone) {
  EXPECT_NEAR(tops_per_w(only("mac.fp16", 0.5)), 2 / 0.5, 1e-9);  // two operations for each half picojoule
}

TEST(PeakEfficiency, ClockAlone) {
  EXPECT_NEAR(tops_per_w(only("clock.core_cycle", 1024)), 2.0, 1e-9);  // 1 pJ for each of 1024 MACs a cycle
}

TEST(PeakEfficiency, L1Alone) {
  // 4096 rows past a block of 256 x 64: 32 KiB of weights, 2 MiB of inputs and 512 KiB of partial sums are
  // read for 4096 x 256 x 64 MACs.
  const double bytes = 32768.0 + 2097152.0 + 524288.0;
  const double macs = 4096.0 * 256 * 64;
  EXPECT_NEAR(tops_per_w(only("l1.read", 1)), 2 / (bytes / macs), 1e-9);
}

TEST(PeakEfficiency, RegistersAlone) {
  // A MAC reads its 2-byte weight and its 2-byte accumulator.
  EXPECT_NEAR(tops_per_w(only("register.read", 1)), 2.0 / 4, 1e-9);
}

TEST(PeakEfficiency, WiresAlone) {
  // In a block of 256 x 64: inputs pass 8 columns, each of 256 products for a row and channel hands on a 2-byte sum, weights go
  // half of 8 columns and half of 8 rows. An element's side is the root of its area.
  Technology technology = only("array.byte_mm", 1);
  technology.areas["mac.fp16"] = {1e-4, ""};
  technology.areas["register.bit"] = {1e-7, ""};
  technology.areas["core.overhead"] = {2, ""};
  const double pitch = std::sqrt(2 * (8 * 1e-4 + 8192 * 1e-7));
  const double byte_hops = 2097152.0 * 8 + 4096.0 * 64 * 256 * 2 + 32768.0 * 8;
  const double macs = 4096.0 * 256 * 64;
  EXPECT_NEAR(tops_per_w(technology), 2 / (byte_hops / macs * pitch), 1e-9);
}

TEST(PeakEfficiency, LeakageAlone) {
  Technology technology = only("", 0);
  technology.leakage_w_per_mm2 = 0.25;  // 1 W on 4 mm2
  EXPECT_NEAR(tops_per_w(technology), 2.048, 1e-9);
}

TEST(PeakEfficiency, LeavesTheMemoryOut) {
  Technology technology = toy_technology();
  const double with = tops_per_w(technology);
  technology.events.erase("memory.dram.read");
  technology.events.erase("memory.dram.write");
  EXPECT_DOUBLE_EQ(tops_per_w(technology), with);
}

}  // namespace
}  // namespace nibble
