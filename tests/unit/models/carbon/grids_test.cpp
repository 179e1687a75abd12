// Proves: every shipped grid loads, is dated and names listed sources; values are the published ones.
#include <gtest/gtest.h>

#include "models/base/error.hpp"
#include "models/carbon/equivalents.hpp"
#include "models/config/catalogue.hpp"
#include "models/config/extends.hpp"
#include "models/config/grid.hpp"
#include "tests/support/source_keys.hpp"

namespace nibble {
namespace {

TEST(Grids, EachIsDatedAndSourced) {
  const std::set<std::string> keys = source_keys();
  const std::vector<std::string> names = shipped_names(Kind::grid);
  ASSERT_GE(names.size(), 60U);
  for (const std::string& name : names) {
    const Grid grid = load_grid(name);
    EXPECT_EQ(grid.name, name);
    EXPECT_FALSE(grid.description.empty()) << name;
    EXPECT_GE(grid.year, 2018) << name;
    EXPECT_GE(grid.pue, 1.0) << name;
    EXPECT_GT(grid.intensity.value(), 0) << name;
    EXPECT_LT(grid.intensity.value(), 995) << name << ": dirtier than coal";
    EXPECT_TRUE(keys.contains(grid.source)) << name << ": '" << grid.source << "'";
    const YamlFile file = load_extended(Kind::grid, name);
    EXPECT_TRUE(keys.contains(file.root().source_of("pue"))) << name;
  }
}

TEST(Grids, PublishedValues) {
  EXPECT_DOUBLE_EQ(load_grid("world").intensity.value(), 475);
  EXPECT_DOUBLE_EQ(load_grid("usa").intensity.value(), 369.473);
  EXPECT_DOUBLE_EQ(load_grid("france").intensity.value(), 56.039);
  EXPECT_DOUBLE_EQ(load_grid("iceland").intensity.value(), 27.68);
  EXPECT_EQ(load_grid("iceland").year, 2022);
  EXPECT_DOUBLE_EQ(load_grid("gcp-us-central1").intensity.value(), 430);
  EXPECT_DOUBLE_EQ(load_grid("gcp-northamerica-northeast1").intensity.value(), 2);
}

TEST(Grids, TheUnitedStatesOf2018AreStrubells) {
  const Grid grid = load_grid("us-2018");
  EXPECT_NEAR(grid.intensity.value(), strubell_carbon(1).value(), 5e-4);
  EXPECT_DOUBLE_EQ(grid.pue * 1000, strubell_kilowatt_hours(1, Watts{1e6}));
}

TEST(Grids, AnUnknownPlaceIsAnErrorWithTheNearestName) {
  try {
    static_cast<void>(load_grid("germny"));
    ADD_FAILURE() << "accepted";
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems().at(0).id, "CAT-UNKNOWN");
    EXPECT_NE(error.problems().at(0).hint.find("germany"), std::string::npos);
  }
}

}  // namespace
}  // namespace nibble
