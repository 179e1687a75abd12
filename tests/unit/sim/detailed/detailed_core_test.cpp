// Proves: a systolic array takes the textbook's cycles, element by element, whichever operand stays; a second weight buffer
// saves just the loads; the waveform holds what a person would look for.
#include "sim/detailed/detailed_core.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/unit/sim/detailed/systolic.hpp"

namespace nibble::detailed {
namespace {

TEST(DetailedCore, APlainSystolicArrayTakesTheTextbooksCycles) {
  for (const std::uint32_t rows : {1U, 4U, 16U}) {
    for (const std::uint32_t columns : {1U, 8U, 16U}) {
      for (const std::uint64_t m : {1U, 7U, 100U}) {
        const auto fold = static_cast<double>(2 * rows + columns + m - 2);  // rows of load, then what streams
        const Outcome one = run(systolic(rows, columns, 1, m, 3));
        EXPECT_EQ(one.detailed, 3 * fold) << rows << " x " << columns << ", m " << m;
        EXPECT_EQ(one.fast, one.detailed);
        EXPECT_EQ(one.wrong, 0);
        const Outcome two = run(systolic(rows, columns, 2, m, 3));
        EXPECT_EQ(two.detailed, 3 * fold - 2 * rows) << "a load hides behind the block before it";
        EXPECT_EQ(two.fast, two.detailed);
      }
    }
  }
}

// Where the registers take all rows that the port brings, a load is as long as the port needs.
TEST(DetailedCore, BlocksComeAsWideAsThePortWhereNothingElseLimitsThem) {
  VerifyCase wide = systolic(16, 16, 1, 20, 3);
  wide.accelerator.core.mpe.weight_rows_a_cycle = 0;
  wide.accelerator.core.l1.corelet_bandwidth = BytesPerCycle{132};  // four rows of 16 weights of 2 B, and the last sum before
  const Outcome outcome = run(wide);
  EXPECT_EQ(outcome.fast, outcome.detailed);
  EXPECT_EQ(outcome.detailed, 3 * (4 + 16 + 16 + 20 - 2));
}

/// Outputs that stay: one a lane, `folds` blocks of rows.
VerifyCase output_stationary(std::uint32_t rows, std::uint32_t columns, std::uint64_t k, std::uint64_t folds) {
  VerifyCase textbook = systolic(rows, columns, 1, rows * folds, 1);
  textbook.accelerator.core.mpe.dataflow = Dataflow::output_stationary;
  textbook.accelerator.core.mpe.registers = Bytes{4};  // a DLFloat16 total and its chunk in progress
  textbook.k = k;
  return textbook;
}

TEST(DetailedCore, AnOutputStationaryArrayTakesTheTextbooksCycles) {
  for (const std::uint32_t rows : {1U, 4U, 16U}) {
    for (const std::uint32_t columns : {1U, 8U, 16U}) {
      for (const std::uint64_t k : {1U, 7U, 200U}) {
        const Outcome outcome = run(output_stationary(rows, columns, k, 3));
        EXPECT_EQ(outcome.detailed, 3.0 * static_cast<double>(2 * rows + columns + k - 2)) << rows << " x " << columns << ", k " << k;
        EXPECT_EQ(outcome.fast, outcome.detailed);
        EXPECT_EQ(outcome.wrong, 0);
        EXPECT_EQ(outcome.same, 1);
      }
    }
  }
}

// 4 x 2 elements of one lane hold eight outputs each; 30 rows are seven groups and two rows.
TEST(DetailedCore, GroupsOfRowsShareAStepsWordOfB) {
  VerifyCase grouped = output_stationary(4, 2, 50, 1);
  grouped.accelerator.core.mpe.registers = Bytes{32};
  grouped.accelerator.core.mpe.mac_latency_cycles = 5;
  grouped.m = 30;
  const Outcome outcome = run(grouped);
  EXPECT_EQ(outcome.detailed, 8 * 50 + 3 + 1 + 4 + 30);  // beats, rows, columns, latency; the outputs leave
  EXPECT_EQ(outcome.fast, outcome.detailed);
  EXPECT_EQ(outcome.same, 1);
  grouped.k_before = 64;  // partial sums come down the columns, a row a cycle, before the operands
  const Outcome added = run(grouped);
  EXPECT_EQ(added.same, 1);
  EXPECT_EQ(added.fast, added.detailed);
  EXPECT_EQ(added.detailed, outcome.detailed + 30 - 8);  // the first step's eight beats take as long as 30 rows of sums
}

TEST(DetailedCore, AnAccumulatorIsUsedAgainAfterTheLatency) {
  VerifyCase short_pass = systolic(4, 2, 1, 1, 1);
  Core& core = short_pass.accelerator.core;
  core.mpe.registers = Bytes{16};  // eight entries
  core.mpe.mac_latency_cycles = 5;
  short_pass.k = 32;
  const Outcome outcome = run(short_pass);
  EXPECT_EQ(outcome.detailed, 8 * 4 + (7 * 5 + 1) + 3 + 1 + 4);  // load, eight entries five apart, rows, columns, latency
  EXPECT_EQ(outcome.fast, outcome.detailed);
  EXPECT_EQ(outcome.same, 1);
}

/// The tile of `alone` twice, one below the other, on two corelets.
VerifyCase on_two_corelets(VerifyCase alone) {
  alone.accelerator.core.corelets = 2;
  alone.split_n = false;
  alone.m *= 2;
  return alone;
}

TEST(DetailedCore, CoreletsThatLeaveRoomAtThePortDoNotFeelOneAnother) {
  const VerifyCase alone = systolic(8, 8, 2, 2048, 3);
  const Outcome one = run(alone), two = run(on_two_corelets(alone));
  EXPECT_EQ(two.detailed, one.detailed);
  EXPECT_EQ(two.fast, one.fast);
  EXPECT_EQ(two.same, 1);
}

TEST(DetailedCore, CoreletsThatEachFillThePortTakeTwiceAsLong) {
  VerifyCase alone = systolic(8, 8, 2, 2048, 1);
  alone.accelerator.core.l1.corelet_bandwidth = BytesPerCycle{16};  // a row in or out a cycle: two a beat are wanted
  const Outcome one = run(alone), two = run(on_two_corelets(alone));
  EXPECT_GT(one.detailed, 2 * 2048);
  EXPECT_NEAR(two.detailed, 2 * one.detailed, 0.02 * one.detailed);
  EXPECT_NEAR(two.fast, two.detailed, 0.02 * two.detailed);
  EXPECT_EQ(two.same, 1);
}

// While they stream, two corelets leave a quarter of the port unused; what waits is only the sums that leave both at once.
TEST(DetailedCore, OutputsThatLeaveTwoCoreletsAtOnceShareThePort) {
  VerifyCase alone = output_stationary(8, 8, 16, 8);
  Core& core = alone.accelerator.core;
  core.mpe.registers = Bytes{8 * 4 * 4};  // eight outputs of each of four lanes
  core.mpe.lanes = 4;
  core.mpe.accumulators = 8;  // rows are shared out in eights
  alone.n = 32;
  core.l1.corelet_bandwidth = BytesPerCycle{64};  // a row of sums; a beat takes 24 B
  const Outcome one = run(alone), two = run(on_two_corelets(alone));
  EXPECT_EQ(one.fast, one.detailed);
  EXPECT_NEAR(two.detailed, one.detailed + 64, 4) << "a row of 64 each other cycle";
  EXPECT_NEAR(two.fast, two.detailed, 0.02 * two.detailed);
  EXPECT_EQ(two.same, 1);
}

TEST(Waveform, FollowsOutputsThatStay) {
  const std::string path = testing::TempDir() + "detailed_core_test_outputs.vcd";
  test::forked([&] {
    (void)run_case(output_stationary(2, 3, 4, 1), path);
    return std::vector<double>{1};
  });
  std::ifstream file{path};
  std::stringstream text;
  text << file.rdbuf();
  for (const char* part : {"$scope module row1", "$scope module l0", "bank_conflict", "$scope module col2", "output_register", "\n#"}) {
    EXPECT_THAT(text.str(), testing::HasSubstr(part));
  }
  std::remove(path.c_str());
}

TEST(Waveform, NamesEveryElementAndFollowsItsWeights) {
  const std::string path = testing::TempDir() + "detailed_core_test.vcd";
  test::forked([&] {
    (void)run_case(systolic(2, 3, 1, 4, 1), path);
    return std::vector<double>{1};
  });
  std::ifstream file{path};
  std::stringstream text;
  text << file.rdbuf();
  const std::string vcd = text.str();
  for (const char* part : {"$timescale", "$scope module core", "$scope module array", "$scope module row1",
                           "$scope module col2", "weight", "partial_sum", "accumulator", "$enddefinitions"}) {
    EXPECT_THAT(vcd, testing::HasSubstr(part));
  }
  EXPECT_THAT(vcd, testing::HasSubstr("\n#"));  // time moves on
  std::remove(path.c_str());
}

}  // namespace
}  // namespace nibble::detailed
