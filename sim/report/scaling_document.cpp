#include "models/base/check.hpp"
#include "sim/report/document.hpp"
#include "sim/report/table_report.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

Json point(const std::string& scaling, const Json& run, const Json& first) {
  const auto chips_of = [](const Json& r) { return r.at("machine").value("chips", std::uint64_t{1}); };
  const auto of_exchange = [&](const char* key) {
    return run.contains("exchange") ? run.at("exchange").at(key).get<double>() : 0.0;
  };
  const auto rate = run.at("samples_per_s").get<double>();
  const auto first_rate = first.at("samples_per_s").get<double>();
  const double more = static_cast<double>(chips_of(run)) / static_cast<double>(chips_of(first));
  Json entry;
  entry["scaling"] = scaling;
  entry["chips"] = chips_of(run);
  entry["batch"] = run.at("batch");
  entry["time_s"] = run.at("time_s");
  entry["samples_per_s"] = rate;
  entry["tops"] = run.at("tops");
  entry["speedup"] = rate / first_rate;
  entry["efficiency"] = rate / first_rate / more;
  entry["exposed_exchange_time_s"] = of_exchange("exposed_time_s");
  entry["link_busy"] = of_exchange("link_busy");
  entry["energy_j_per_sample"] = run.at("energy_j").at("total").get<double>() / run.at("batch").get<double>();
  entry["power_w"] = run.at("power_w");
  return entry;
}

std::vector<double> values(const Json& points, const char* key) {
  std::vector<double> all;
  for (const Json& entry : points) all.push_back(entry.at(key).get<double>());
  return all;
}

std::vector<unsigned long long> whole(const Json& points, const char* key) {
  std::vector<unsigned long long> all;
  for (const Json& entry : points) all.push_back(entry.at(key).get<unsigned long long>());
  return all;
}

}  // namespace

Json scaling_document(const std::vector<ScalingSeries>& series) {
  NIBBLE_CHECK(!series.empty() && !series.front().runs.empty(), "{} series", series.size());
  const Json& any = series.front().runs.front();
  Json document;
  document["schema"] = kScalingSchema;
  for (const char* key : {"program", "network", "accelerator", "recipe", "mode"}) document[key] = any.at(key);
  document["points"] = Json::array();
  for (const ScalingSeries& one : series) {
    for (const Json& run : one.runs) document["points"].push_back(point(one.name, run, one.runs.front()));
  }
  return document;
}

std::string scaling_table(const Json& document) {
  const Json& points = document.at("points");
  std::vector<std::string> kinds;
  for (const Json& entry : points) kinds.push_back(entry.at("scaling"));
  return table_text({words("scaling", kinds), counts("chips", whole(points, "chips")),
                     counts("batch", whole(points, "batch")), amounts("time", "s", values(points, "time_s")),
                     numbers("samples/s", "", values(points, "samples_per_s")),
                     numbers("sustained", "TOPS", values(points, "tops")),
                     numbers("speed-up", "x", values(points, "speedup")),
                     percents("efficiency", values(points, "efficiency")),
                     amounts("exposed exchange", "s", values(points, "exposed_exchange_time_s")),
                     percents("links busy", values(points, "link_busy")),
                     amounts("energy/sample", "J", values(points, "energy_j_per_sample")),
                     amounts("power", "W", values(points, "power_w"))});
}

}  // namespace nibble
