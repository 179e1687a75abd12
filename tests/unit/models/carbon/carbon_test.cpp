// Proves: ACT's formula gives the values of ACT's own unit tests; a run pays for its share of the device's
// life; what has no embodied carbon is refused by name.
#include "models/carbon/carbon.hpp"

#include <gtest/gtest.h>

#include "models/base/error.hpp"
#include "models/carbon/embodied.hpp"
#include "models/config/technology.hpp"

namespace nibble {
namespace {

/// 10 nm with 95 % abatement, made in Taiwan: act/tests/model_unit_tests.py of act22.
Fabrication act_test_fabrication() {
  Fabrication fab;
  fab.energy_kwh_per_cm2 = 1.475;
  fab.gas_g_per_cm2 = 240;
  fab.materials_g_per_cm2 = 500;
  fab.yield = 0.943543;
  fab.grid_intensity = GramsPerKilowattHour{583};
  fab.package = GramsCo2e{150};
  return fab;
}

TEST(EmbodiedCarbon, LogicOfActsOwnTest) {
  const Fabrication fab = act_test_fabrication();
  EXPECT_NEAR((die_carbon(SquareMillimetres{145}, fab) + fab.package).value(), 2608.7022, 1e-3);
}

TEST(EmbodiedCarbon, DramOfActsOwnTest) {
  const GramsCo2e two_packages = GramsCo2e{150} * 2.0;
  EXPECT_NEAR((memory_carbon(Bytes{10'000'000'000}, 230, 0.9) + two_packages).value(), 2855.5556, 1e-3);
}

TEST(EmbodiedCarbon, RapidsDie) {
  const Fabrication fab = load_technology("ibm-7nm").fabrication;
  EXPECT_NEAR(die_carbon(SquareMillimetres{100}, fab).value(), 2318.2, 0.05);  // a square centimetre
  EXPECT_NEAR(die_carbon(SquareMillimetres{36}, fab).value(), 834.6, 0.05);
}

TEST(OperationalCarbon, EnergyTimesOverheadTimesIntensity) {
  Grid grid;
  grid.intensity = GramsPerKilowattHour{500};
  grid.pue = 1.5;
  EXPECT_DOUBLE_EQ(operational_carbon(Joules{3.6e6}, grid).value(), 750);
}

/// Patterson et al., table 4, as far as the inputs are also in LLMCarbon's database: chips, their mean power,
/// days.
struct PattersonRow {
  const char* model;
  double chips, watts, days, pue, kg_per_kwh;
  double mwh, tonnes;
  double tolerance;  ///< of the rounded inputs: "3.1 days" is known to 1.6 %
};

class Patterson : public testing::TestWithParam<PattersonRow> {};

TEST_P(Patterson, IsReproduced) {
  const PattersonRow& row = GetParam();
  const Joules chips_energy{row.chips * row.watts * row.days * 86400};
  Grid grid;
  grid.pue = row.pue;
  grid.intensity = GramsPerKilowattHour{row.kg_per_kwh * 1000};
  EXPECT_NEAR(kilowatt_hours(chips_energy) * grid.pue / 1000, row.mwh, row.tolerance * row.mwh);
  EXPECT_NEAR(operational_carbon(chips_energy, grid).value() * 1e-6, row.tonnes, row.tolerance * row.tonnes);
}

INSTANTIATE_TEST_SUITE_P(Table4, Patterson,
                         testing::Values(PattersonRow{"T5", 512, 310, 20, 1.12, 0.545, 85.7, 46.7, 0.006},
                                         PattersonRow{"GShard", 1024, 288, 3.1, 1.09, 0.177, 24.1, 4.3, 0.02},
                                         PattersonRow{"Switch", 1024, 245, 27, 1.10, 0.330, 179, 59.1, 0.004},
                                         PattersonRow{"GPT3", 10000, 330, 14.8, 1.10, 0.429, 1287, 552.1,
                                                      0.004},
                                         PattersonRow{"XLM", 512, 342, 20.4, 1.10, 0.413, 94.4, 39, 0.004}),
                         [](const auto& row) { return std::string{row.param.model}; });

Technology one_node() {
  Technology technology;
  technology.fabrication = act_test_fabrication();
  technology.fabrication.memory_g_per_gb["dram"] = 50;
  technology.fabrication.lifetime_years = 4;
  technology.fabrication.utilisation = 0.5;
  return technology;
}

Accelerator one_device() {
  Accelerator accelerator;
  accelerator.die_area = SquareMillimetres{145};
  accelerator.memory.kind = "dram";
  accelerator.memory.capacity = Bytes{16'000'000'000};
  return accelerator;
}

TEST(Carbon, AWholeUsefulLifePaysForTheWholeDevice) {
  const double useful_seconds = 4 * 0.5 * 365.25 * 86400;
  const CarbonReport life = carbon_of(Joules{0}, Seconds{useful_seconds}, one_device(), one_node(), Grid{});
  EXPECT_NEAR(life.device_embodied.value(), 2608.7022 + 16 * 50, 1e-3);
  EXPECT_NEAR(life.embodied.value(), life.device_embodied.value(), 1e-9);
  const CarbonReport second = carbon_of(Joules{0}, Seconds{1}, one_device(), one_node(), Grid{});
  EXPECT_NEAR(second.embodied.value() * useful_seconds, life.embodied.value(), 1e-6);
}

TEST(Carbon, TotalIsOperationalAndEmbodied) {
  Grid grid;
  grid.intensity = GramsPerKilowattHour{475};
  grid.pue = 1.58;
  const CarbonReport report = carbon_of(Joules{1e6}, Seconds{3600}, one_device(), one_node(), grid);
  EXPECT_NEAR(report.operational.value(), 1e6 / 3.6e6 * 1.58 * 475, 1e-9);
  EXPECT_GT(report.embodied.value(), 0);
  EXPECT_DOUBLE_EQ(report.total.value(), report.operational.value() + report.embodied.value());
}

TEST(Carbon, MemoryWithoutAFigureIsRefusedByName) {
  Accelerator accelerator = one_device();
  accelerator.memory.kind = "core-rope";
  try {
    static_cast<void>(carbon_of(Joules{1}, Seconds{1}, accelerator, one_node(), Grid{}));
    ADD_FAILURE() << "accepted";
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems().at(0).id, "TEC-MEMORY");
    EXPECT_NE(error.problems().at(0).what.find("'core-rope'"), std::string::npos);
  }
}

}  // namespace
}  // namespace nibble
