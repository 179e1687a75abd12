// Proves: nothing is reported that is not explained, nothing is explained that is not reported, and each
// explanation points into code that is there.
#include "sim/report/metrics.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "models/base/error.hpp"
#include "sim/report/csv_report.hpp"
#include "tests/unit/sim/report/filled_result.hpp"

namespace nibble {
namespace {

using testing::Contains;
using testing::HasSubstr;

/// Paths of all leaves, those within lists too.
void collect(const Json& value, const std::string& path, std::set<std::string>& leaves) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, child] : value.items())
      collect(child, path.empty() ? key : path + "." + key, leaves);
  } else if (value.is_array() && !value.empty() && value.front().is_object()) {
    for (const Json& item : value) collect(item, path, leaves);
  } else {
    leaves.insert(path);
  }
}

std::set<std::string> all_leaves() {
  RunResult result = filled_result();
  result.activity.gated_macs["fp16"] = 3;
  result.accelerator.chips = 2;
  result.accelerator.power.cap = Watts{5};
  result.array_cycles *= 2;
  result.system = SystemTimes{};
  result.energy.components["link"] = Joules{0};
  const Json run =
      run_document(result, {.layers = true, .energy_table = true, .training = TrainingLength{1, 100}});
  std::set<std::string> leaves;
  collect(run, "", leaves);
  Json comparison = compare_document({run});
  comparison["runs"] = Json::array();  // its own leaves are those of a run
  collect(comparison, "", leaves);
  collect(scaling_document({{"weak", {run}}}), "", leaves);
  return leaves;
}

TEST(Metrics, EveryLeafOfEveryDocumentIsExplained) {
  for (const std::string& leaf : all_leaves()) EXPECT_NE(metric_of(leaf), nullptr) << leaf;
}

TEST(Metrics, EveryExplanationIsOfALeaf) {
  std::set<const Metric*> reported;
  for (const std::string& leaf : all_leaves()) reported.insert(metric_of(leaf));
  for (const Metric& metric : metrics()) EXPECT_TRUE(reported.contains(&metric)) << metric.name;
}

TEST(Metrics, EveryCsvColumnIsExplained) {
  const Json run = run_document(filled_result(), {.layers = true, .energy_table = true});
  for (const CsvRows rows : {CsvRows::runs, CsvRows::layers, CsvRows::energy_table}) {
    const std::string text = csv_text(run, rows);
    std::string header = text.substr(0, text.find('\r')) + ",";
    for (std::size_t comma; (comma = header.find(',')) != std::string::npos; header.erase(0, comma + 1)) {
      EXPECT_NE(metric_of(header.substr(0, comma)), nullptr) << header.substr(0, comma);
    }
  }
}

TEST(Metrics, NamesAreUniqueAndEveryFieldIsFilled) {
  std::set<std::string_view> names;
  for (const Metric& metric : metrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_FALSE(metric.unit.empty()) << metric.name;
    EXPECT_FALSE(metric.definition.empty()) << metric.name;
  }
}

TEST(Metrics, TheCodeThatCountsIsThere) {
  for (const Metric& metric : metrics()) {
    const std::filesystem::path file = std::filesystem::path{NIBBLE_REPO_DIR} / metric.counted_in;
    EXPECT_TRUE(std::filesystem::exists(file)) << metric.name << " points to " << metric.counted_in;
  }
}

TEST(Metrics, RatiosNameTheirDenominator) {
  for (const char* name :
       {"utilisation", "tops", "tops_per_w", "power_w", "array_cycles.memory", "layers.utilisation"}) {
    EXPECT_FALSE(metric_of(name)->denominator.empty()) << name;
  }
}

TEST(FindMetrics, FindsANameAGroupAndAPart) {
  EXPECT_EQ(find_metrics("utilisation").size(), 1u);
  EXPECT_EQ(find_metrics("energy_j.mpe").front()->name, "energy_j.mpe");
  EXPECT_EQ(find_metrics("array_cycles").size(), 9u);
  EXPECT_THAT(find_metrics("energy"), Contains(metric_of("energy_j.total")));
  EXPECT_EQ(find_metrics("activity.macs.int4").front()->name, "activity.macs.*");
}

TEST(FindMetrics, KnowsTheHeadingsOfTablesAndThePathsOfComparisons) {
  EXPECT_EQ(find_metrics("sustained").front()->name, "tops");
  EXPECT_EQ(find_metrics("TOPS/W").front()->name, "tops_per_w");
  EXPECT_EQ(find_metrics("less energy").front()->name, "ratios.to.*.energy");
  EXPECT_EQ(find_metrics("fill+drain").front()->name, "array_cycles.fill_drain");
  EXPECT_EQ(find_metrics("runs.time_s").front()->name, "time_s");
  EXPECT_EQ(find_metrics("runs.layers.cycles").front()->name, "layers.cycles");
  ASSERT_EQ(find_metrics("stalls.memory").size(), 1u);
  EXPECT_EQ(find_metrics("stalls.memory").front()->name, "layers.stalls.memory");
  EXPECT_GT(find_metrics("MPE").size(), 0u);
}

TEST(FindMetrics, AnUnknownWordNamesTheNearest) {
  try {
    static_cast<void>(find_metrics("utilization"));
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(error.problems()[0].id, "MET-UNKNOWN");
    EXPECT_THAT(error.problems()[0].hint, HasSubstr("'utilisation'"));
  }
}

TEST(Explanation, SaysUnitDefinitionDenominatorAndPlace) {
  const std::string text = explanation(*metric_of("utilisation"));
  for (const char* word : {"unit", "definition", "denominator", "counted in", "peak_macs"}) {
    EXPECT_THAT(text, HasSubstr(word));
  }
}

}  // namespace
}  // namespace nibble
