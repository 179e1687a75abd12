#include "tests/golden/sweep_files.hpp"

#include "sim/sweep/evaluate.hpp"
#include "sim/sweep/sqlite.hpp"

namespace nibble::test {

std::string SweepFiles::sweep(const std::string& rest) const {
  return folder_.write("sweep.yaml",
                       "schema: nibble/sweep/1\nname: mine\nbase:\n  accelerator: rapid\n  networks: [resnet18]\n"
                       "  recipes: [fp16, hfp8]\n  batch: 1\n" +
                           rest);
}

std::string SweepFiles::small() const {
  return sweep("axes:\n  cores: [1, 2, 4]\n  voltage: [0.6 V, 0.75 V]\nobjectives: {time_s: min, energy_j: min}\n");
}

std::string SweepFiles::expected() const {
  const Outcome outcome = nibble({"sweep", small(), "--out", database("undisturbed.db")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return rows(database("undisturbed.db"));
}

std::string SweepFiles::rows(const std::string& database) {
  std::string text;
  Database opened{database, Database::Access::read};
  opened.query("SELECT * FROM results ORDER BY point, network, recipe", {}, [&](const std::vector<SqlValue>& row) {
    for (const SqlValue& value : row) text += to_json(value).dump() + " ";
    text += "\n";
  });
  return text;
}

Json SweepFiles::json_rows(const std::string& database) {
  return Json::parse(nibble({"results", database, "--all", "--format", "json"}).out);
}

}  // namespace nibble::test
