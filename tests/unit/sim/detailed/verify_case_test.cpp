// Proves: over random tiles, machines, formats and dataflows the detailed core has models/gemm's bits and the fast
// level's counts, and the fast level's cycles stay near; a case is a function of its seed alone.
#include "sim/detailed/verify_case.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "tests/support/forked.hpp"

namespace nibble::detailed {
namespace {

class VerifySeeds : public testing::TestWithParam<std::uint64_t> {};

TEST_P(VerifySeeds, BitsAndCountsAreTheSameAndCyclesNear) {
  constexpr std::uint64_t kCases = 50;
  std::vector<double> errors;
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const VerifyCase drawn = draw_case(GetParam(), i);
    const std::vector<double> outcome = test::forked([&] {
      const VerifyResult result = run_case(drawn);
      if (!result.difference().empty()) throw std::runtime_error{result.difference()};
      return std::vector<double>{std::fabs(result.cycle_error())};
    });
    errors.push_back(outcome[0]);
    EXPECT_LE(outcome[0], 0.01) << "case " << i << ": " << drawn.text();
  }
  std::sort(errors.begin(), errors.end());
  EXPECT_EQ(errors[kCases / 2], 0);
}
INSTANTIATE_TEST_SUITE_P(Fresh, VerifySeeds, testing::Values(20261, 20262, 20263));

// Proves: so it is where two corelets share the tile and the port, by columns, groups and rows; cycles are near for most.
TEST(VerifyTwoCorelets, BitsAndCountsAreTheSame) {
  constexpr std::uint64_t kCases = 60;
  std::vector<double> errors;
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const VerifyCase drawn = draw_case(20264, i, 2);
    const std::vector<double> outcome = test::forked([&] {
      const VerifyResult result = run_case(drawn);
      if (!result.difference().empty()) throw std::runtime_error{result.difference()};
      return std::vector<double>{std::fabs(result.cycle_error())};
    });
    errors.push_back(outcome[0]);
  }
  std::sort(errors.begin(), errors.end());
  EXPECT_LE(errors[kCases / 2], 0.01);
  EXPECT_LE(errors[kCases * 9 / 10], 0.05);
}

TEST(DrawCase, DrawsEveryDataflowWithAndWithoutEarlierSums) {
  std::set<std::pair<Dataflow, bool>> seen;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const VerifyCase drawn = draw_case(7, i);
    seen.insert({drawn.accelerator.core.mpe.dataflow, drawn.k_before > 0});
  }
  EXPECT_EQ(seen.size(), 6U);
}

TEST(DrawCase, IsAFunctionOfSeedAndIndex) {
  EXPECT_EQ(draw_case(5, 9).text(), draw_case(5, 9).text());
  EXPECT_NE(draw_case(5, 9).text(), draw_case(5, 10).text());
  EXPECT_NE(draw_case(5, 9).text(), draw_case(6, 9).text());
}

}  // namespace
}  // namespace nibble::detailed
