// Proves: effects are the level means of a full grid, by a sum over the rows; the true effects of an additive law on any
// rows; blocks count for nothing; shares and the rest add up; linked factors are found.
#include "sim/sweep/main_effects.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <random>

namespace nibble {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

Factor one_block(std::size_t rows) { return {"network", std::vector<std::size_t>(rows, 0)}; }

/// A full grid of 3 x 4 with an interaction.
struct Grid {
  Factor a{"a", {}}, b{"b", {}};
  std::vector<double> values;
  Grid() {
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        a.levels.push_back(i);
        b.levels.push_back(j);
        values.push_back(2.0 + static_cast<double>(i * i) + 3.0 * static_cast<double>(j) + static_cast<double>(i * j));
      }
    }
  }
};

TEST(MainEffects, AreTheMeansOfLevelsOnAGrid) {
  const Grid grid;
  const MainEffects effects = main_effects(grid.values, one_block(12), {grid.a, grid.b});
  double all = 0;
  for (const double value : grid.values) all += std::log(value) / 12;
  for (std::size_t level = 0; level < 3; ++level) {
    double mean = 0;
    for (std::size_t row = 0; row < 12; ++row) mean += grid.a.levels[row] == level ? std::log(grid.values[row]) / 4 : 0;
    EXPECT_NEAR(effects.effects[0][level], mean - all, 1e-12);
  }
}

TEST(MainEffects, SharesAndTheRestAddUpOnAGrid) {
  const Grid grid;
  const MainEffects effects = main_effects(grid.values, one_block(12), {grid.a, grid.b});
  EXPECT_NEAR(effects.shares[0] + effects.shares[1] + effects.rest, 1, 1e-12);
  EXPECT_GT(effects.rest, 0.001);
}

// Where levels meet one another unevenly, means over rows would blame one factor for the other.
TEST(MainEffects, AreTheTrueOnesOfAnAdditiveLawOnUnevenRows) {
  std::mt19937 random{7};
  Factor a{"a", {}}, b{"b", {}}, network{"network", {}};
  std::vector<double> values;
  const std::vector<double> of_a{0.0, 0.7}, of_b{0.0, -0.4, 1.1}, of_network{1, 5};
  for (int row = 0; row < 60; ++row) {
    const std::size_t i = random() % 2, j = i == 1 && random() % 3 != 0 ? 2 : random() % 3, n = random() % 2;
    a.levels.push_back(i);
    b.levels.push_back(j);
    network.levels.push_back(n);
    values.push_back(std::exp(of_a[i] + of_b[j] + of_network[n]));
  }
  const MainEffects effects = main_effects(values, network, {a, b});
  EXPECT_NEAR(effects.effects[0][1] - effects.effects[0][0], 0.7, 1e-9);
  EXPECT_NEAR(effects.effects[1][1] - effects.effects[1][0], -0.4, 1e-9);
  EXPECT_NEAR(effects.effects[1][2] - effects.effects[1][0], 1.1, 1e-9);
  EXPECT_NEAR(effects.rest, 0, 1e-9);
}

TEST(MainEffects, AConstantHasNone) {
  const MainEffects effects = main_effects({3, 3, 3, 3}, one_block(4), {{"a", {0, 1, 0, 1}}});
  EXPECT_THAT(effects.effects[0], ElementsAre(DoubleNear(0, 1e-12), DoubleNear(0, 1e-12)));
  EXPECT_EQ(effects.shares[0], 0);
}

TEST(MainEffects, LinkedFactorsAreOne) {
  const std::vector<Factor> joined = join_linked({{"voltage", {0, 1, 2, 0}}, {"cores", {0, 0, 1, 1}}, {"clock", {2, 1, 0, 2}}});
  ASSERT_EQ(joined.size(), 2U);
  EXPECT_EQ(joined[0].name, "voltage + clock");
  EXPECT_EQ(joined[1].name, "cores");
}

}  // namespace
}  // namespace nibble
