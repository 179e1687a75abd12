// Proves: points are numbered without gaps or doubles; samples repeat with their seed, keep inside the space, and spread as
// their method promises.
#include "sim/sweep/sampling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "models/base/error.hpp"

namespace nibble {
namespace {

TEST(PointNumbers, NumberAndPositionsAreInverse) {
  const PointNumbers numbers{{2, 3, 4}};
  EXPECT_EQ(numbers.count(), 24U);
  std::set<std::vector<std::size_t>> seen;
  for (std::uint64_t point = 0; point < numbers.count(); ++point) {
    EXPECT_EQ(numbers.number(numbers.positions(point)), point);
    seen.insert(numbers.positions(point));
  }
  EXPECT_EQ(seen.size(), 24U);
  EXPECT_EQ(numbers.positions(1), (std::vector<std::size_t>{0, 0, 1}));
}

TEST(SamplePoints, AGridHasAllPoints) {
  const std::vector<std::uint64_t> points = sample_points(PointNumbers{{3, 5}}, {});
  ASSERT_EQ(points.size(), 15U);
  for (std::uint64_t i = 0; i < 15; ++i) EXPECT_EQ(points[i], i);
}

TEST(SamplePoints, AGridBeyondAllReasonIsAnError) {
  EXPECT_THROW(static_cast<void>(sample_points(PointNumbers{{5000, 5000}}, {})), InputError);
}

class Drawn : public testing::TestWithParam<SweepMethod> {};

TEST_P(Drawn, RepeatsWithItsSeedAndStaysInside) {
  const PointNumbers numbers{{16, 16, 16}};
  SweepSampling sampling{.method = GetParam(), .points = 64, .seed = 5};
  const auto points = sample_points(numbers, sampling);
  EXPECT_EQ(points, sample_points(numbers, sampling));
  EXPECT_TRUE(std::is_sorted(points.begin(), points.end()));
  EXPECT_EQ(std::set(points.begin(), points.end()).size(), points.size());
  EXPECT_LT(points.back(), numbers.count());
  EXPECT_GE(points.size(), 48U);
  EXPECT_LE(points.size(), 64U);
  sampling.seed = 6;
  EXPECT_NE(points, sample_points(numbers, sampling));
}

INSTANTIATE_TEST_SUITE_P(Methods, Drawn,
                         testing::Values(SweepMethod::random, SweepMethod::latin_hypercube, SweepMethod::sobol));

TEST(SamplePoints, ALatinHypercubeMeetsEveryValueOfEveryAxisEquallyOften) {
  const PointNumbers numbers{{16, 16, 16}};
  const auto points = sample_points(numbers, {.method = SweepMethod::latin_hypercube, .points = 16, .seed = 3});
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::set<std::size_t> met;
    for (const std::uint64_t point : points) met.insert(numbers.positions(point)[axis]);
    EXPECT_EQ(met.size(), 16U);
  }
}

}  // namespace
}  // namespace nibble
