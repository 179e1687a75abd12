// Proves: CSV is RFC 4180, has the document's names and numbers, and one row for each run, operation or
// event.
#include "sim/report/csv_report.hpp"

#include <gmock/gmock.h>

#include "models/base/error.hpp"
#include "tests/unit/sim/report/filled_result.hpp"

namespace nibble {
namespace {

using testing::ElementsAre;

/// A reader of RFC 4180, written from its grammar.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> records{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& field = records.back().back();
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      field += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      records.back().emplace_back();
    } else if (!quoted && c == '\r') {
      EXPECT_EQ(text.at(++i), '\n');
      records.push_back({""});
    } else {
      field += c;
    }
  }
  EXPECT_THAT(records.back(), ElementsAre("")) << "the last row ends as every row does";
  records.pop_back();
  return records;
}

std::string cell(const std::vector<std::vector<std::string>>& table, const std::string& column,
                 std::size_t row = 1) {
  for (std::size_t i = 0; i < table[0].size(); ++i) {
    if (table[0][i] == column) return table[row][i];
  }
  ADD_FAILURE() << "no column " << column;
  return "";
}

Json layered() { return run_document(filled_result(), {.layers = true, .energy_table = true}); }

Json called(const std::string& recipe) {
  Json run = layered();
  run["recipe"] = recipe;
  return run;
}

TEST(Csv, ARunIsOneRowOfTheDocumentsLeaves) {
  const Json run = layered();
  const auto table = read_csv(csv_text(run));
  ASSERT_EQ(table.size(), 2u);
  EXPECT_EQ(table[0].size(), table[1].size());
  EXPECT_EQ(cell(table, "energy_j.total"), run["energy_j"]["total"].dump());
  EXPECT_EQ(cell(table, "array_cycles.memory"), "60");
  EXPECT_EQ(cell(table, "activity.macs.fp16"), "200");
  EXPECT_EQ(cell(table, "coverage.free_layers"), "dropout: a mask");
  EXPECT_EQ(cell(table, "network"), "tiny");
}

TEST(Csv, LayersAreRowsBehindTheirRun) {
  const auto table = read_csv(csv_text(layered(), CsvRows::layers));
  ASSERT_EQ(table.size(), 3u);
  EXPECT_EQ(cell(table, "layers.name"), "fc, the \"first\"");
  EXPECT_EQ(cell(table, "layers.pass"), "wgrad");
  EXPECT_EQ(cell(table, "layers.stalls.memory"), "60");
  EXPECT_EQ(cell(table, "layers.stalls.vector", 2), "200");
  EXPECT_EQ(cell(table, "recipe", 2), "fp16");
}

TEST(Csv, EnergyEventsAreRows) {
  const auto table = read_csv(csv_text(layered(), CsvRows::energy_table));
  ASSERT_EQ(table.size(), 4u);
  EXPECT_EQ(cell(table, "energy_table.event", 2), "memory.dram.read");
  EXPECT_EQ(cell(table, "energy_table.each_pj"), "2.0");
}

TEST(Csv, AComparisonHasTheRatiosInEachRow) {
  const auto table = read_csv(csv_text(compare_document({layered(), called("hfp8")})));
  ASSERT_EQ(table.size(), 3u);
  EXPECT_EQ(cell(table, "ratios.to.fp16@toy.speed", 2), "1.0");
}

TEST(Csv, RunsWithDifferentColumnsShareOneHeader) {
  Json other = called("int4");
  other["activity"]["macs"] = {{"int4", 7}};
  const auto table = read_csv(csv_text(compare_document({layered(), other})));
  EXPECT_EQ(cell(table, "activity.macs.int4", 1), "");
  EXPECT_EQ(cell(table, "activity.macs.int4", 2), "7");
  EXPECT_EQ(cell(table, "activity.macs.fp16", 2), "");
}

TEST(Csv, AListThatTheDocumentLacksIsAFault) {
  EXPECT_THROW(static_cast<void>(csv_text(run_document(filled_result()), CsvRows::layers)), InternalError);
}

}  // namespace
}  // namespace nibble
