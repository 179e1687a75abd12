// Proves: the search finds a front that is known in closed form, repeats with its seed, and leaves infeasible points behind.
#include "sim/sweep/nsga2.hpp"

#include <gtest/gtest.h>

#include <set>

namespace nibble {
namespace {

constexpr std::size_t kSide = 32;

/// Minimise x and (kSide - 1 - x) + y: exactly the points with y = 0 are not dominated. x = 7 is not feasible.
std::set<std::uint64_t> search(std::uint64_t seed, int generations) {
  const PointNumbers numbers{{kSide, kSide}};
  Nsga2 search{numbers, 24, seed};
  std::set<std::uint64_t> evaluated;
  for (int generation = 0; generation < generations; ++generation) {
    std::map<std::uint64_t, Nsga2::Objectives> results;
    for (const std::uint64_t point : search.ask()) {
      EXPECT_TRUE(evaluated.insert(point).second || generation > 0);
      const auto x = static_cast<double>(point / kSide), y = static_cast<double>(point % kSide);
      results[point] = x == 7 ? Nsga2::Objectives{} : Nsga2::Objectives{{x, kSide - 1 - x + y}};
    }
    search.tell(results);
  }
  return evaluated;
}

TEST(Nsga2, FindsTheFrontWithPartOfTheSpace) {
  const std::set<std::uint64_t> evaluated = search(1, 20);
  std::size_t front = 0;
  for (const std::uint64_t point : evaluated) front += point % kSide == 0 ? 1 : 0;
  EXPECT_GE(front, 16U) << "of 32";
  EXPECT_LT(evaluated.size(), kSide * kSide / 2);
}

TEST(Nsga2, RepeatsWithItsSeed) {
  EXPECT_EQ(search(4, 6), search(4, 6));
  EXPECT_NE(search(4, 6), search(5, 6));
}

TEST(Dominates, NeedsToBeBetterSomewhere) {
  EXPECT_TRUE(dominates({1, 2}, {1, 3}));
  EXPECT_FALSE(dominates({1, 2}, {1, 2}));
  EXPECT_FALSE(dominates({1, 4}, {2, 3}));
}

}  // namespace
}  // namespace nibble
