// Proves: the table of measured kernels has an error for each half of the shapes beside that of all of them, and counts what was
// left out by reason.
#include "sim/report/measured_document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace nibble {
namespace {

using testing::HasSubstr;
using testing::Not;

SimulatedKernel kernel(std::uint64_t m, double simulated_us) {
  SimulatedKernel result;
  result.measured.op = result.measured.fields[1] = "copy";
  result.measured.m = m;
  result.measured.measured_us = 100;
  result.simulated_us = simulated_us;
  return result;
}

SimulatedKernel left_out(const std::string& why) {
  SimulatedKernel result = kernel(1, 0);
  result.not_simulated = why;
  return result;
}

TEST(MeasuredDocument, HalvesOfTheShapesHaveErrorsOfTheirOwn) {
  std::vector<SimulatedKernel> kernels;
  double squares[2] = {};
  std::size_t rows[2] = {};
  for (std::uint64_t m = 1; m <= 40; ++m) {
    kernels.push_back(kernel(m, 100 + static_cast<double>(m)));
    const bool fitted = kernels.back().measured.in_fitted_half();
    squares[fitted] += static_cast<double>(m * m) / 1e4;
    ++rows[fitted];
  }
  ASSERT_GT(rows[0], 10U);
  ASSERT_GT(rows[1], 10U);
  const Json kind = measured_document(kernels, "card", "file").at("kinds").at(0);
  EXPECT_NEAR(kind.at("fitted_half_rms").get<double>(), std::sqrt(squares[1] / static_cast<double>(rows[1])), 1e-12);
  EXPECT_NEAR(kind.at("other_half_rms").get<double>(), std::sqrt(squares[0] / static_cast<double>(rows[0])), 1e-12);
}

TEST(MeasuredDocument, AShapeIsInOneHalfHoweverItWasSplit) {
  MeasuredKernel one = kernel(512, 1).measured, other = one;
  other.cores = 4;
  other.op = "matmul";
  EXPECT_EQ(one.in_fitted_half(), other.in_fitted_half());
}

TEST(MeasuredDocument, WhatWasLeftOutIsCountedByReason) {
  const Json document = measured_document({kernel(1, 90), left_out("odd"), left_out("odd"), left_out("too big")}, "card", "file");
  const std::string table = measured_table(document);
  EXPECT_THAT(table, HasSubstr("Not simulated: 3 rows"));
  EXPECT_THAT(table, HasSubstr("copy: odd"));
  EXPECT_THAT(table, HasSubstr("copy: too big"));
  EXPECT_THAT(measured_table(measured_document({kernel(1, 90)}, "card", "file")), Not(HasSubstr("Not simulated")));
}

}  // namespace
}  // namespace nibble
