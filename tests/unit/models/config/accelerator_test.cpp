// Proves: the shipped machines have the published peak rates, variants differ from RaPiD in what they say and
// nowhere else, and a format that a machine lacks is refused with the ones that it has.
#include "models/config/accelerator.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "models/base/error.hpp"
#include "models/config/catalogue.hpp"

namespace nibble {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

double peak_tops(const Accelerator& accelerator, const std::string& a, const std::string& b) {
  return peak_tops(accelerator, require_mac_mode(accelerator, a, b));
}

std::vector<std::string> mode_names(const Accelerator& accelerator) {
  std::vector<std::string> names;
  for (const MacMode& mode : accelerator.core.mpe.modes) names.push_back(mode.name);
  return names;
}

// Titles of JSSC 57(1), 2022 (26.2 TFLOPS HFP8, 104.9 TOPS INT4), and half of the former for FP16.
TEST(Accelerator, RapidHasItsPublishedPeaks) {
  const Accelerator rapid = load_accelerator("rapid");
  EXPECT_NEAR(peak_tops(rapid, "fp8-143", "fp8-143"), 26.2, 0.05);
  EXPECT_NEAR(peak_tops(rapid, "fp8-143", "fp8-152"), 26.2, 0.05);
  EXPECT_NEAR(peak_tops(rapid, "int4", "int4"), 104.9, 0.05);
  EXPECT_NEAR(peak_tops(rapid, "fp16", "fp16"), 13.1, 0.05);
  EXPECT_EQ(peak_macs_per_cycle(rapid, require_mac_mode(rapid, "fp16", "fp16")), Macs{4 * 1024});
}

// Abstract of VLSI Circuits 2018: 1.5 TFLOPS FP16, 12 TOPS ternary.
TEST(Accelerator, Core14HasItsPublishedPeaks) {
  const Accelerator core = load_accelerator("core14");
  EXPECT_NEAR(peak_tops(core, "fp16", "fp16"), 1.5, 0.05);
  EXPECT_NEAR(peak_tops(core, "int2", "int2"), 12, 0.35);
  EXPECT_THAT(mode_names(core), testing::UnorderedElementsAre("fp16", "int2"));
}

// 2.5 %: some publications count 1024 as 1000.
TEST(Accelerator, EveryPublishedRateFollowsFromTheFilesArithmetic) {
  std::size_t checked = 0;
  for (const std::string& name : shipped_names(Kind::accelerator)) {
    const Accelerator a = load_accelerator(name);
    for (const Accelerator::PublishedRate& rate : a.published_rates) {
      for (const MacMode& mode : a.core.mpe.modes) {
        if (mode.name != rate.mode) continue;
        EXPECT_NEAR(peak_tops(a, mode) / rate.tops, 1.0, 0.025) << name << " " << rate.mode;
        ++checked;
      }
    }
  }
  EXPECT_GE(checked, 14U);
}

// NeurIPS 2020: four times the rate in 55 % of the area, so more than seven times in the same area.
TEST(Accelerator, FourBitTrainingCoreInBothForms) {
  const Accelerator fp16 = load_accelerator("train-fp16");
  const Accelerator same_arrays = load_accelerator("train-fp4");
  const Accelerator same_area = load_accelerator("train-fp4-area");
  const double baseline = peak_tops(fp16, "fp16", "fp16");
  EXPECT_NEAR(peak_tops(same_arrays, "int4", "fp4-radix4") / baseline, 4, 1e-9);
  EXPECT_GT(peak_tops(same_area, "int4", "fp4-radix4") / baseline, 7);
  const auto elements = [](const Accelerator& a) { return double{1} * a.core.mpe.rows * a.core.mpe.columns; };
  EXPECT_LE(0.55 * elements(same_area), elements(fp16));
}

TEST(Accelerator, SystemsReadAsWritten) {
  const Accelerator system = load_accelerator("rapid-train-system");
  EXPECT_EQ(system.chips, 4U);
  ASSERT_TRUE(system.links.has_value());
  EXPECT_EQ(system.links->topology, Topology::ring);
  EXPECT_EQ(system.links->bandwidth, BytesPerSecond{64e9});
  EXPECT_EQ(load_accelerator("rapid").chips, 1U);
  EXPECT_FALSE(load_accelerator("rapid").links.has_value());
}

TEST(Accelerator, RapidReadsAsWritten) {
  const Accelerator rapid = load_accelerator("rapid");
  EXPECT_EQ(rapid.name, "rapid");
  EXPECT_EQ(rapid.technology, "ibm-7nm");
  EXPECT_EQ(rapid.clock, Hertz{1.6e9});
  EXPECT_EQ(rapid.die_area, SquareMillimetres{36});
  EXPECT_EQ(rapid.core.corelets, 2U);
  EXPECT_EQ(rapid.core.mpe.registers, Bytes{1024});
  EXPECT_EQ(rapid.core.mpe.dataflow, Dataflow::weight_stationary);
  EXPECT_EQ(rapid.core.l0.slice_bandwidth, BytesPerCycle{16});
  EXPECT_EQ(rapid.core.l1.capacity, Bytes{2 * 1024 * 1024});
  EXPECT_EQ(rapid.ring.psum_bandwidth, BytesPerCycle{32});
  EXPECT_TRUE(rapid.ring.multicast);
  EXPECT_EQ(rapid.memory.bandwidth, BytesPerSecond{200e9});
  ASSERT_EQ(rapid.published_peaks.size(), 4U);
  EXPECT_EQ(rapid.published_peaks[0].mode, "hfp8-fwd");
  EXPECT_EQ(rapid.published_peaks[0].source, "isca21");
  EXPECT_EQ(rapid.published_peaks[0].voltage, Volts{0.55});
  EXPECT_EQ(rapid.hash.size(), 32U);
}

// Spyre's law: each byte of the smaller direction costs 5.74 ps more; a batch one way and one back turn the
// bus twice.
TEST(Accelerator, RapidTurnsItsBusAsMeasuredOnSpyre) {
  const Memory memory = load_accelerator("rapid").memory;
  const double extra = 2 * memory.turnaround.value() / static_cast<double>(memory.turnaround_batch.value());
  EXPECT_NEAR(extra, 5.74e-12, 0.01e-12);
}

// Else the shipped machine would measure its queue, not its memory.
TEST(Accelerator, ShippedQueuesCoverTheLatencyOfTheirMemory) {
  for (const char* name : {"rapid", "core14"}) {
    const Accelerator a = load_accelerator(name);
    const double in_flight = static_cast<double>(a.dma.burst.value()) * a.dma.outstanding * a.cores;
    EXPECT_GT(in_flight, a.memory.bandwidth.value() * a.memory.latency.value()) << name;
  }
}

TEST(Accelerator, VariantsKeepWhatTheyDoNotChange) {
  const Accelerator rapid = load_accelerator("rapid");
  const Accelerator fp4 = load_accelerator("rapid-fp4");
  std::vector<std::string> expected = mode_names(rapid);
  expected.push_back("int4xfp4");
  EXPECT_EQ(mode_names(fp4), expected);
  EXPECT_EQ(fp4.core.l1.capacity, rapid.core.l1.capacity);
  EXPECT_EQ(fp4.memory.turnaround, rapid.memory.turnaround);
  EXPECT_EQ(fp4.published_peaks.size(), rapid.published_peaks.size());
  EXPECT_NE(fp4.hash, rapid.hash);
  EXPECT_EQ(load_accelerator("rapid").hash, rapid.hash);
}

TEST(Accelerator, Fp32BaselineHasAQuarterOfTheLanes) {
  const Accelerator fp32 = load_accelerator("rapid-fp32");
  EXPECT_THAT(mode_names(fp32), ElementsAre("fp32"));
  EXPECT_NEAR(peak_tops(fp32, "fp32", "fp32"), peak_tops(load_accelerator("rapid"), "fp16", "fp16") / 4,
              1e-9);
}

Override set(const std::string& key, const std::string& text) {
  Override value{key, {}};
  value.value.kind = YamlNode::Kind::scalar;
  value.value.scalar = text;
  value.value.place.file = std::make_shared<const std::string>("here");
  return value;
}

TEST(OperatingPoint, IsChosenByNameOrNumberAndChangesTheHashes) {
  const Accelerator high = load_accelerator("rapid");
  for (const char* point : {"low", "1"}) {
    const Accelerator low = load_accelerator("rapid", {set("operating_point", point)});
    EXPECT_EQ(low.voltage, Volts{0.55}) << point;
    EXPECT_EQ(low.clock, Hertz{1.0e9}) << point;
    EXPECT_NE(low.hash, high.hash);
    EXPECT_NE(low.timing_hash, high.timing_hash);
    EXPECT_EQ(low.timing_hash, load_accelerator("rapid", {set("clock", "1000 MHz")}).timing_hash);
  }
  EXPECT_EQ(load_accelerator("rapid", {set("operating_point", "high")}).timing_hash, high.timing_hash);
}

TEST(OperatingPoint, AWrongOneIsReportedWithThoseThatThereAre) {
  const auto message = [](const std::string& machine, const std::string& point) -> std::string {
    try {
      (void)load_accelerator(machine, {set("operating_point", point)});
    } catch (const InputError& error) {
      EXPECT_EQ(error.problems().front().id, "CFG-CHOICE");
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(message("rapid", "turbo"), HasSubstr("operating_point = turbo"));
  EXPECT_THAT(message("rapid", "4"), HasSubstr("1 or low (0.55 V, 1 GHz)"));
  EXPECT_THAT(message("core14", "low"), HasSubstr("no operating_points"));
}

TEST(PowerManagement, IsReadAndLeavesTheTimingAlone) {
  const Accelerator capped = load_accelerator("rapid", {set("power.cap", "1500 mW"), set("power.throttling", "worst_case")});
  EXPECT_EQ(capped.power.cap, Watts{1.5});
  EXPECT_EQ(capped.power.throttling, Throttling::worst_case);
  EXPECT_EQ(capped.timing_hash, load_accelerator("rapid").timing_hash);
  EXPECT_NE(capped.hash, load_accelerator("rapid").hash);
  EXPECT_FALSE(load_accelerator("rapid").power.cap.has_value());
  EXPECT_THROW((void)load_accelerator("rapid", {set("power.cap", "0 W")}), InputError);
  EXPECT_THROW((void)load_accelerator("rapid", {set("power.throttling", "always")}), InputError);
}

TEST(FindMacMode, TakesTheOperandsInEitherOrder) {
  const Accelerator fp4 = load_accelerator("rapid-fp4");
  ASSERT_NE(find_mac_mode(fp4, "fp4-radix4", "int4"), nullptr);
  EXPECT_EQ(find_mac_mode(fp4, "fp4-radix4", "int4"), find_mac_mode(fp4, "int4", "fp4-radix4"));
  EXPECT_EQ(find_mac_mode(fp4, "fp4-radix4", "fp4-radix4"), nullptr);
  EXPECT_EQ(find_mac_mode(fp4, "fp16", "int4"), nullptr);
}

TEST(RequireMacMode, ListsWhatTheMachineHas) {
  const Accelerator rapid = load_accelerator("rapid");
  try {
    (void)require_mac_mode(rapid, "int4", "fp4-radix4");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems().front().id, "ACC-FORMAT");
    EXPECT_THAT(error.what(), HasSubstr("'rapid' does not multiply int4 by fp4-radix4"));
    EXPECT_THAT(error.what(), HasSubstr("int4 x int4"));
  }
}

}  // namespace
}  // namespace nibble
