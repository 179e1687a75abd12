// Proves: time, energy and carbon of a cut by hand: what each machine does, what the link carries, who waits; the best is the
// least of the totals.
#include "sim/report/split_document.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace nibble {
namespace {

Json layer(const char* phase, double seconds, double joules) {
  return {{"phase", phase}, {"time_s", seconds}, {"energy_j", {{"total", joules}}}};
}

/// Two layers: forward a, forward b, backward b, backward a. The edge takes ten times as long.
Json run(double slowness, double leakage_j) {
  Json document{{"network", "two"}, {"recipe", "hfp8"}, {"batch", 4}, {"accelerator", "machine"}, {"time_s", 8 * slowness}};
  document["energy_j"] = {{"total", 8.0}, {"leakage", leakage_j}};
  document["carbon_g"] = {{"embodied", 0.8}};
  document["layers"] = Json::array({layer("forward", slowness, 1), layer("forward", 2 * slowness, 2), layer("backward", 3 * slowness, 3),
                                    layer("backward", 2 * slowness, 2)});
  return document;
}

SplitEnds ends() {
  SplitEnds ends{run(10, 4), run(1, 0), {}, {}, {}};
  ends.edge_grid.intensity = GramsPerKilowattHour{100};
  ends.edge_grid.pue = 1.5;  // of no use to a device outside
  ends.cloud_grid.intensity = GramsPerKilowattHour{200};
  ends.cloud_grid.pue = 2;
  ends.link = {"wire", "", "", "", BytesPerSecond{100}, BytesPerSecond{50}, Seconds{0.5}, Picojoules{1e9}, Picojoules{2e9}, Picojoules{4e9}};
  return ends;
}

std::vector<Cut> cuts() {
  return {{"", {false, false, false, false}, Bytes{1000}, Bytes{0}},
          {"a", {true, false, false, true}, Bytes{200}, Bytes{100}},
          {"b", {true, true, true, true}, Bytes{0}, Bytes{0}}};
}

TEST(SplitDocument, IsTheSumByHand) {
  const Json document = split_document(ends(), cuts());
  const Json& cut = document.at("cuts").at(1);
  EXPECT_DOUBLE_EQ(cut.at("time_s").at("edge_forward"), 10);
  EXPECT_DOUBLE_EQ(cut.at("time_s").at("uplink"), 2.5);
  EXPECT_DOUBLE_EQ(cut.at("time_s").at("cloud"), 5);
  EXPECT_DOUBLE_EQ(cut.at("time_s").at("downlink"), 2.5);
  EXPECT_DOUBLE_EQ(cut.at("time_s").at("edge_backward"), 20);
  EXPECT_DOUBLE_EQ(cut.at("time_s").at("total"), 40);
  EXPECT_DOUBLE_EQ(cut.at("energy_j").at("edge"), 3);
  EXPECT_DOUBLE_EQ(cut.at("energy_j").at("edge_waiting"), 10 * 4.0 / 80);
  EXPECT_DOUBLE_EQ(cut.at("energy_j").at("radio"), 1600e-3 + 800 * 2e-3);
  EXPECT_DOUBLE_EQ(cut.at("energy_j").at("network"), 2400 * 4e-3);
  EXPECT_DOUBLE_EQ(cut.at("energy_j").at("cloud"), 5);
  EXPECT_DOUBLE_EQ(cut.at("energy_j").at("total"), 3 + 0.5 + 3.2 + 9.6 + 5);
  EXPECT_DOUBLE_EQ(cut.at("carbon_g").at("edge"), (3 + 0.5 + 3.2) / 3.6e6 * 100);
  EXPECT_DOUBLE_EQ(cut.at("carbon_g").at("network"), 9.6 / 3.6e6 * 200);
  EXPECT_DOUBLE_EQ(cut.at("carbon_g").at("cloud"), 5 / 3.6e6 * 400);
  EXPECT_DOUBLE_EQ(cut.at("carbon_g").at("embodied"), 40 * 0.8 / 80 + 5 * 0.8 / 8);
}

TEST(SplitDocument, EndsAreTheMachinesAlone) {
  const Json document = split_document(ends(), cuts());
  EXPECT_DOUBLE_EQ(document.at("cuts").at(2).at("time_s").at("total"), 80);
  EXPECT_DOUBLE_EQ(document.at("cuts").at(2).at("energy_j").at("total"), 8);
  EXPECT_DOUBLE_EQ(document.at("cuts").at(0).at("time_s").at("total"), 8 + 10.5);
  EXPECT_EQ(document.at("best").at("time_s"), 0);
  EXPECT_EQ(document.at("best").at("energy_j"), 2);
}

TEST(SplitDocument, TableAndCsvHaveEveryCut) {
  const Json document = split_document(ends(), cuts());
  EXPECT_THAT(split_table(document), testing::AllOf(testing::HasSubstr("(all in the cloud)"), testing::HasSubstr("best carbon")));
  const std::string csv = split_csv(document);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4);
  EXPECT_THAT(csv, testing::StartsWith("after,uplink_bytes,downlink_bytes,time_s.edge_forward,"));
}

}  // namespace
}  // namespace nibble
