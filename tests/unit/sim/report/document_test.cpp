// Proves: derived figures by hand; the array-cycle law; the schema's required keys; ratios by their
// definitions.
#include "sim/report/document.hpp"

#include <gmock/gmock.h>

#include "models/base/error.hpp"
#include "tests/unit/sim/report/filled_result.hpp"

namespace nibble {
namespace {

using testing::DoubleEq;
using testing::HasSubstr;

TEST(RunDocument, DerivesRatesAndEfficienciesFromTheTotals) {
  const Json run = run_document(filled_result());
  EXPECT_THAT(run["samples_per_s"].get<double>(), DoubleEq(20));  // 6 / 0.3 s
  EXPECT_THAT(run["tops"].get<double>(), DoubleEq(2 * 200 / 0.3 * 1e-12));
  EXPECT_THAT(run["utilisation"].get<double>(), DoubleEq(200.0 / 1200));
  EXPECT_THAT(run["power_w"].get<double>(), DoubleEq(500e-12 / 0.3));
  EXPECT_THAT(run["tops_per_w"].get<double>(), DoubleEq(400 / 500e-12 * 1e-12));
  EXPECT_EQ(run["cycles"], 300);
  EXPECT_EQ(run["machine"]["arrays"], 2);
}

TEST(RunDocument, HoldsEveryKeyThatTheSchemaPromises) {
  const Json run = run_document(filled_result());
  for (const char* key :
       {"schema", "program", "network", "accelerator", "recipe", "mode", "batch", "time_s", "cycles",
        "samples_per_s", "macs", "tops", "utilisation", "energy_j", "power_w", "tops_per_w", "carbon_g"}) {
    EXPECT_TRUE(run.contains(key)) << key;
  }
  EXPECT_EQ(run["schema"], "nibble/run/1");
  EXPECT_EQ(run["carbon_g"], (Json{{"operational", 3.0}, {"embodied", 1.0}, {"total", 4.0}}));
  EXPECT_FALSE(run.contains("layers"));
  EXPECT_FALSE(run.contains("energy_table"));
  EXPECT_FALSE(run.contains("training_run"));
}

TEST(RunDocument, SplitsArrayCyclesWithoutRemainder) {
  const Json cycles = run_document(filled_result())["array_cycles"];
  std::uint64_t sum = 0;
  for (const auto& [part, count] : cycles.items()) sum += part == "total" ? 0 : count.get<std::uint64_t>();
  EXPECT_EQ(sum, 600u);  // 2 arrays x 300 cycles
  EXPECT_EQ(cycles["total"], 600);
}

TEST(RunDocument, ArrayCyclesThatDoNotAddUpBreakALaw) {
  RunResult result = filled_result();
  result.array_cycles.sync += 1;
  EXPECT_THROW(static_cast<void>(run_document(result)), LawError);
}

TEST(RunDocument, GivesTheTimeOfEachPass) {
  const Json passes = run_document(filled_result())["passes"];
  EXPECT_EQ(passes["wgrad"]["cycles"], 200);
  EXPECT_EQ(passes["vector"]["cycles"], 100);
  EXPECT_EQ(passes["update"]["operations"], 0);
  EXPECT_THAT(passes["vector"]["time_s"].get<double>(), DoubleEq(0.1));
}

TEST(RunDocument, NamesUnverifiedConstantsOnlyWhereTheyCount) {
  EXPECT_EQ(run_document(filled_result())["unverified_constants"], Json::array({"mac.fp16"}));
}

TEST(RunDocument, CountsOperationsByWhatTheyAre) {
  const Json coverage = run_document(filled_result())["coverage"];
  EXPECT_EQ(coverage["operations"], 2);
  EXPECT_EQ(coverage["gemm_operations"], 1);
  EXPECT_EQ(coverage["vector_operations"], 1);
  EXPECT_EQ(coverage["free_layers"], Json::array({"dropout: a mask"}));
}

TEST(RunDocument, ListsTheEnergyTableWithItsProducts) {
  const Json table = run_document(filled_result(), {.energy_table = true})["energy_table"];
  ASSERT_EQ(table.size(), 3u);
  EXPECT_EQ(table[0]["event"], "mac.fp16");
  EXPECT_EQ(table[0]["verified"], false);
  EXPECT_THAT(table[0]["energy_j"].get<double>(),
              DoubleEq(table[0]["count"].get<double>() * table[0]["each_pj"].get<double>() * 1e-12));
}

TEST(RunDocument, LayersHaveTheirOwnFiguresAndAddUpToTheRun) {
  const Json run = run_document(filled_result(), {.layers = true});
  const Json& gemm = run["layers"][0];
  EXPECT_EQ(gemm["pass"], "wgrad");
  EXPECT_EQ(gemm["phase"], "backward");
  EXPECT_THAT(gemm["utilisation"].get<double>(),
              DoubleEq(200.0 / (4 * 200)));  // 2 cores x 2 columns x 1 lane
  EXPECT_EQ(gemm["compute_cycles"], 250);
  EXPECT_EQ(gemm["stalls"], (Json{{"memory", 60}, {"ring", 10}, {"l1", 20}, {"vector", 0}, {"sync", 10}}));
  EXPECT_THAT(gemm["energy_j"]["total"].get<double>(), DoubleEq((200 * 2 + 64) * 1e-12));
  EXPECT_THAT(run["layers"][1]["energy_j"]["memory"].get<double>(), DoubleEq(36e-12));
  EXPECT_EQ(run["layers"][1]["utilisation"], 0.0);
}

TEST(RunDocument, AComponentWithoutAColumnIsAFault) {
  RunResult result = filled_result();
  result.energy.components["links"] = Joules{1};
  EXPECT_THROW(static_cast<void>(run_document(result)), InternalError);
}

TEST(RunDocument, ScalesAStepToATraining) {
  const Json run = run_document(filled_result(), {.training = TrainingLength{2, 13}});
  const Json& training = run["training_run"];
  EXPECT_EQ(training["steps"], 6.0);  // 13 samples are 3 batches of 6, the last part filled; twice
  EXPECT_THAT(training["time_s"].get<double>(), DoubleEq(1.8));
  EXPECT_THAT(training["energy_kwh"].get<double>(), DoubleEq(6 * 500e-12 * 1.5 / 3.6e6));
  EXPECT_THAT(training["carbon_kg"]["total"].get<double>(), DoubleEq(6 * 4 / 1000.0));
  EXPECT_GT(training["equivalents"].size(), 0u);
}

TEST(RunDocument, AReplayedProgramIsOfNoRecipe) {
  RunResult result = filled_result();
  result.recipe = {};
  const Json run = run_document(result);
  EXPECT_EQ(run["mode"], "program");
  EXPECT_EQ(run["recipe"], "program");
}

TEST(RunDocument, HoldsNothingOfTheHost) {
  RunResult result = filled_result();
  const std::string text = json_text(run_document(result));
  result.simulation_s = 17;
  result.kernels_simulated = 3;
  result.request.memoise = !result.request.memoise;
  result.request.fast_forward = !result.request.fast_forward;
  result.accelerator.file = "/somewhere/else.yaml";
  EXPECT_EQ(json_text(run_document(result)), text);
}

TEST(RunDocument, TextSurvivesBytesThatAreNoUtf8) {
  RunResult result = filled_result();
  result.network_name = "\xff";
  EXPECT_THAT(json_text(run_document(result)), HasSubstr("\"network\": \"\xEF\xBF\xBD\""));
}

/// A run as far as a comparison looks at it.
Json run_of(const std::string& recipe, double samples_per_s, double joules, double grams) {
  Json run = run_document(filled_result());
  run["recipe"] = recipe;
  run["samples_per_s"] = samples_per_s;
  run["energy_j"]["total"] = joules;
  run["carbon_g"]["total"] = grams;
  return run;
}

TEST(CompareDocument, RatiosSayHowManyTimesBetter) {
  const Json comparison =
      compare_document({run_of("fp32", 10, 8, 6), run_of("fp16", 20, 4, 3), run_of("fp4", 80, 1, 1)});
  EXPECT_EQ(comparison["schema"], "nibble/compare/1");
  EXPECT_EQ(comparison["baselines"], Json::array({"fp16@toy", "fp32@toy"}));
  const Json& to = comparison["ratios"][2]["to"];
  EXPECT_EQ(comparison["ratios"][2]["run"], "fp4@toy");
  EXPECT_EQ(to["fp16@toy"], (Json{{"speed", 4.0}, {"energy", 4.0}, {"carbon", 3.0}}));
  EXPECT_EQ(to["fp32@toy"], (Json{{"speed", 8.0}, {"energy", 8.0}, {"carbon", 6.0}}));
  EXPECT_EQ(comparison["ratios"][0]["to"]["fp32@toy"]["speed"], 1.0);
}

TEST(CompareDocument, WithoutBaselinesThereAreNoRatios) {
  const Json comparison = compare_document({run_of("hfp8", 1, 1, 1)});
  EXPECT_TRUE(comparison["baselines"].empty());
  EXPECT_TRUE(comparison["ratios"][0]["to"].empty());
}

TEST(CompareDocument, TakesTheBaselineThatIsAskedFor) {
  for (const char* name : {"hfp8", "hfp8@toy"}) {
    const Json comparison = compare_document({run_of("fp16", 1, 1, 1), run_of("hfp8", 2, 1, 1)}, name);
    EXPECT_EQ(comparison["baselines"], Json::array({"hfp8@toy"})) << name;
  }
}

TEST(CompareDocument, TwoRunsOfOneNameAreAnError) {
  try {
    static_cast<void>(compare_document({run_of("fp16", 1, 1, 1), run_of("fp16", 2, 2, 2)}));
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems()[0].id, "CMP-NAME");
  }
}

TEST(CompareDocument, AnUnknownBaselineIsAnErrorWithTheNearestRun) {
  try {
    static_cast<void>(compare_document({run_of("fp16", 1, 1, 1)}, "fp16@toi"));
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems()[0].id, "CMP-BASELINE");
    EXPECT_THAT(error.problems()[0].hint, HasSubstr("fp16@toy"));
  }
}

}  // namespace
}  // namespace nibble
