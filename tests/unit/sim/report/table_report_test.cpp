// Proves: the tables say what the document holds, in plain text.
#include "sim/report/table_report.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/unit/sim/report/filled_result.hpp"

namespace nibble {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

Json document() {
  return run_document(filled_result(),
                      {.layers = true, .energy_table = true, .training = TrainingLength{2, 600}});
}

TEST(RunTable, ShowsTheOverviewWithItsUnits) {
  const std::string text = run_table(run_document(filled_result()));
  EXPECT_THAT(text, HasSubstr("One training step of tiny, batch 6; grid nowhere: 400 gCO2e/kWh, PUE 1.5"));
  EXPECT_THAT(
      text,
      ContainsRegex("fp16@toy +300 +20.0 +0.000 +16.7 +0.500 +0.800 +1.67 +4.00\n"));  // see document_test
  EXPECT_THAT(text, Not(HasSubstr("Operations of the step")));
}

TEST(RunTable, ShowsWhereTheTimeAndTheEnergyWent) {
  const std::string text = run_table(document());
  // 250 + 50 + 60 + 10 + 20 + 200 + 10 of 600 array cycles; 2/3 of the time wgrad, 1/3 vector work.
  EXPECT_THAT(text,
              ContainsRegex("fp16@toy +41.7 +8.3 +10.0 +1.7 +3.3 +33.3 +1.7 +0.0 +0.0 +66.7 +33.3 +0.0"));
  EXPECT_THAT(text, ContainsRegex("fp16@toy +0.500 +80.0 +0.0 +0.0 +0.0 +0.0 +0.0 +0.0 +20.0 +0.0 +0.0"));
}

TEST(RunTable, ShowsEachOperationAndEachEvent) {
  const std::string text = run_table(document());
  EXPECT_THAT(text, ContainsRegex("fc, the \"first\" +wgrad +fp16 +10x4x5 +200 +200 +25.0"));
  EXPECT_THAT(text, ContainsRegex("relu +vector +relu backward"));
  EXPECT_THAT(text, ContainsRegex("mpe +mac.fp16 +dynamic +200 +MAC +2 +4e-10 +\\(unverified\\) hand"));
  EXPECT_THAT(text, HasSubstr("sum of the rows: 5e-10 J; total of the run: 5e-10 J"));
}

TEST(RunTable, TellsCoverageTrainingAndUnverifiedConstants) {
  const std::string text = run_table(document());
  EXPECT_THAT(
      text,
      HasSubstr(
          "2 operations (1 with a GEMM, 1 of vector\n  work alone) in fp16@toy. Free: dropout: a mask."));
  EXPECT_THAT(text, HasSubstr("1 of the energy constants used: mac.fp16. See: nibble show technology paper"));
  EXPECT_THAT(text, HasSubstr("A training of 2 epochs over 600 samples: 200 steps"));
  EXPECT_THAT(text,
              ContainsRegex("fp16@toy +0.017 +41.7 +0.800\n"));  // 60 s; 200 x 0.5 nJ x 1.5 = 41.7 pWh; 800 g
}

TEST(RunTable, GroupsFreeLayersByTheirReason) {
  Json run = run_document(filled_result());
  run["coverage"]["free_layers"] = {"a: a view", "b: a mask", "c: a view", "d: a view", "e: a view", "f: a view"};
  EXPECT_THAT(run_table(run), HasSubstr("Free: a, c, d and 2 more: a view; b: a mask."));
}

TEST(RunTable, IsPlainAscii) {
  const std::string text = run_table(document());
  EXPECT_TRUE(
      std::all_of(text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  EXPECT_THAT(text, Not(HasSubstr(" \n"))) << "no blanks at line ends";
}

TEST(CompareTable, HasARowForEachRunAndTheRatios) {
  Json fast = run_document(filled_result());
  fast["recipe"] = "fp4";
  fast["samples_per_s"] = 50.0;
  const std::string text = compare_table(compare_document({run_document(filled_result()), fast}));
  EXPECT_THAT(text, HasSubstr("- than fp16@toy -"));
  EXPECT_THAT(text, ContainsRegex("fp4@toy +300 +50.0 .* 2.50 +1.00\n"));
  EXPECT_THAT(text, HasSubstr("in fp16@toy and fp4@toy."));
}

TEST(CompareTable, WithoutABaselineThereAreNoRatioColumns) {
  Json run = run_document(filled_result());
  run["recipe"] = "hfp8";
  EXPECT_THAT(compare_table(compare_document({run})), Not(HasSubstr("faster")));
}

}  // namespace
}  // namespace nibble
