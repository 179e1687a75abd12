// Proves: each count meets its own energy; the classes and components add up to the total; memory ignores the
// core's voltage and everything else follows its square; work without an energy is refused by name.
#include "models/energy/energy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "models/base/error.hpp"
#include "tests/unit/models/energy/toy_technology.hpp"

namespace nibble {
namespace {

/// One of everything, and three MACs of which one is gated.
Activity one_of_each() {
  Activity a;
  a.macs["fp16"] = 3;
  a.gated_macs["fp16"] = 1;
  a.register_read = a.register_written = a.l0_read = a.l0_written = Bytes{1};
  a.l1_read = a.l1_written = a.memory_read = a.memory_written = Bytes{1};
  a.sfu_lane_ops = a.ring_byte_hops = a.psum_ring_byte_hops = 1;
  a.core_busy_cycles = a.core_idle_cycles = 1;
  a.array_byte_hops = a.memory_row_misses = 1;
  return a;
}

double picojoules(Joules energy) { return energy.value() * 1e12; }

TEST(Energy, EachCountMeetsItsOwnEnergy) {
  const EnergyReport report = energy_of(one_of_each(), toy_accelerator(), toy_technology(), Seconds{0});
  // The toy's events cost 1, 2, 4, ... pJ in the order of its list; a ring hop is 2 mm long.
  EXPECT_DOUBLE_EQ(picojoules(report.components.at("mpe")), 2 * 1 + 1 * 2);
  EXPECT_DOUBLE_EQ(picojoules(report.components.at("registers")), 4 + 8);
  EXPECT_DOUBLE_EQ(picojoules(report.components.at("l0")), 16 + 32);
  EXPECT_DOUBLE_EQ(picojoules(report.components.at("l1")), 64 + 128);
  EXPECT_DOUBLE_EQ(picojoules(report.components.at("sfu")), 256);
  EXPECT_DOUBLE_EQ(picojoules(report.components.at("ring")), 2 * (512 + 1024));
  EXPECT_DOUBLE_EQ(picojoules(report.components.at("memory")), 2048 + 4096 + 65536);
  // No areas: a fifth of 4 mm2 for 128 elements.
  EXPECT_DOUBLE_EQ(picojoules(report.components.at("wires")), 32768 * std::sqrt(0.2 * 4 / 128));
  EXPECT_DOUBLE_EQ(picojoules(report.components.at("clock")), 8192 + 16384);
  EXPECT_DOUBLE_EQ(picojoules(report.idle), 16384);
  EXPECT_DOUBLE_EQ(report.statics.value(), 0.0);
}

TEST(Energy, LeakageIsPowerTimesTime) {
  const EnergyReport report = energy_of({}, toy_accelerator(), toy_technology(), Seconds{3});
  EXPECT_DOUBLE_EQ(report.statics.value(), 0.5 * 4 * 3);  // W/mm2 x mm2 x s
  EXPECT_DOUBLE_EQ(report.total.value(), report.statics.value());
}

TEST(Energy, VoltageActsOnTheChipAndNotOnItsMemory) {
  Accelerator accelerator = toy_accelerator();
  const EnergyReport reference = energy_of(one_of_each(), accelerator, toy_technology(), Seconds{1});
  accelerator.voltage = Volts{0.5};
  const EnergyReport halved = energy_of(one_of_each(), accelerator, toy_technology(), Seconds{1});
  EXPECT_DOUBLE_EQ(halved.components.at("mpe").value(), reference.components.at("mpe").value() / 4);
  EXPECT_DOUBLE_EQ(halved.components.at("ring").value(), reference.components.at("ring").value() / 4);
  EXPECT_DOUBLE_EQ(halved.components.at("memory").value(), reference.components.at("memory").value());
  EXPECT_DOUBLE_EQ(halved.statics.value(), reference.statics.value() / 2);
}

TEST(Energy, MoreVoltageNeverCostsLess) {
  Accelerator accelerator = toy_accelerator();
  double before = 0;
  for (int millivolts = 400; millivolts <= 1200; millivolts += 50) {
    accelerator.voltage = Volts{millivolts / 1000.0};
    const double total = energy_of(one_of_each(), accelerator, toy_technology(), Seconds{1e-9}).total.value();
    EXPECT_GT(total, before) << millivolts << " mV";
    before = total;
  }
}

TEST(Energy, RowsComponentsAndClassesAddUpForRandomWork) {
  std::mt19937_64 random{1};
  for (int trial = 0; trial < 200; ++trial) {
    Activity a;
    a.macs["fp16"] = random() >> (random() % 60);
    a.gated_macs["fp16"] = a.macs["fp16"] / 3;
    a.l1_read = Bytes{random() >> (random() % 60)};
    a.memory_written = Bytes{random() >> (random() % 60)};
    a.ring_byte_hops = random() >> (random() % 60);
    a.core_idle_cycles = random() >> (random() % 60);
    const EnergyReport report = energy_of(a, toy_accelerator(), toy_technology(), Seconds{0.1});
    double rows = 0, components = 0;
    for (const EnergyRow& row : report.rows) rows += row.energy.value();
    for (const auto& [name, energy] : report.components) components += energy.value();
    EXPECT_NEAR(rows, report.total.value(), 1e-12 * rows);
    EXPECT_NEAR(components, report.total.value(), 1e-12 * rows);
    EXPECT_NEAR((report.dynamic + report.idle + report.statics).value(), report.total.value(), 1e-12 * rows);
  }
}

TEST(Energy, EveryRowIsItsCountTimesItsEnergy) {
  for (const EnergyRow& row :
       energy_of(one_of_each(), toy_accelerator(), toy_technology(), Seconds{2}).rows) {
    EXPECT_NEAR(row.energy.value(), row.count * row.each.value() * 1e-12, 1e-15 * row.energy.value() + 1e-30)
        << row.event;
    EXPECT_EQ(row.source, "estimate") << row.event;
    EXPECT_FALSE(row.per.empty()) << row.event;
  }
}

TEST(Energy, WorkWithoutAnEnergyIsRefusedByName) {
  for (const auto& [key, event] : toy_technology().events) {
    Technology technology = toy_technology();
    technology.events.erase(key);
    try {
      static_cast<void>(energy_of(one_of_each(), toy_accelerator(), technology, Seconds{1}));
      ADD_FAILURE() << key << " is missing and nobody noticed";
    } catch (const InputError& error) {
      ASSERT_EQ(error.problems().size(), 1U);
      EXPECT_EQ(error.problems()[0].id, "TEC-EVENT");
      EXPECT_THAT(error.problems()[0].what, testing::HasSubstr("'" + key + "'"));
    }
  }
}

TEST(Energy, NoWorkNeedsNoEvents) {
  Technology bare;
  bare.reference_voltage = Volts{1};
  EXPECT_DOUBLE_EQ(energy_of({}, toy_accelerator(), bare, Seconds{1}).total.value(), 0.0);
}

TEST(Energy, GatedWorkIsPartOfTheExecuted) {
  Activity a;
  a.macs["fp16"] = 1;
  a.gated_macs["fp16"] = 2;
  EXPECT_THROW(static_cast<void>(energy_of(a, toy_accelerator(), toy_technology(), Seconds{1})),
               InternalError);
  Activity stranger;
  stranger.gated_macs["int4"] = 1;
  EXPECT_THROW(static_cast<void>(energy_of(stranger, toy_accelerator(), toy_technology(), Seconds{1})),
               InternalError);
}

}  // namespace
}  // namespace nibble
