#include "sim/report/split_document.hpp"

#include <algorithm>
#include <utility>

#include "models/base/check.hpp"
#include "sim/report/csv_report.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

constexpr double kJoulesPerKilowattHour = 3.6e6, kBitsPerByte = 8, kJoulesPerPicojoule = 1e-12;

double number(const Json& object, const char* key) { return object.at(key).get<double>(); }

/// What one machine does of a step at a cut.
struct Share {
  double forward_s = 0, rest_s = 0, energy_j = 0;
};

Share share_of(const Json& run, const Cut& cut, bool near) {
  const Json& layers = run.at("layers");
  NIBBLE_CHECK(layers.size() == cut.near.size(), "{} operations simulated, {} lowered", layers.size(), cut.near.size());
  Share share;
  for (std::size_t i = 0; i < cut.near.size(); ++i) {
    if (cut.near[i] != near) continue;
    (layers[i].at("phase") == "forward" ? share.forward_s : share.rest_s) += number(layers[i], "time_s");
    share.energy_j += number(layers[i].at("energy_j"), "total");
  }
  return share;
}

double a_second(const Json& run, const char* part, const char* key) { return number(run.at(part), key) / number(run, "time_s"); }

Json with_total(Json parts) {
  double total = 0;
  for (const Json& part : parts) total += part.get<double>();
  parts["total"] = total;
  return parts;
}

Json times(const NetworkLink& link, const Cut& cut, const Share& edge, const Share& cloud) {
  const auto sent = [&](Bytes bytes, BytesPerSecond rate) {
    return bytes.value() == 0 ? 0.0 : static_cast<double>(bytes.value()) / rate.value() + link.latency.value();
  };
  Json time;
  time["edge_forward"] = edge.forward_s;
  time["uplink"] = sent(cut.up, link.uplink);
  time["cloud"] = cloud.forward_s + cloud.rest_s;
  time["downlink"] = sent(cut.down, link.downlink);
  time["edge_backward"] = edge.rest_s;
  return with_total(time);
}

Json energies(const SplitEnds& ends, const Cut& cut, const Share& edge, const Share& cloud, const Json& time) {
  const double up = kBitsPerByte * static_cast<double>(cut.up.value()), down = kBitsPerByte * static_cast<double>(cut.down.value());
  const double waiting = number(time, "uplink") + number(time, "cloud") + number(time, "downlink");
  Json energy;
  energy["edge"] = edge.energy_j;
  energy["edge_waiting"] = waiting * a_second(ends.edge, "energy_j", "leakage");
  energy["radio"] = kJoulesPerPicojoule * (up * ends.link.radio_send.value() + down * ends.link.radio_receive.value());
  energy["network"] = kJoulesPerPicojoule * (up + down) * ends.link.network.value();
  energy["cloud"] = cloud.energy_j;
  return with_total(energy);
}

Json carbon(const SplitEnds& ends, const Json& time, const Json& energy) {
  const auto grams = [](double joules, const Grid& grid, double overhead) {
    return joules / kJoulesPerKilowattHour * grid.intensity.value() * overhead;
  };
  Json carbon;
  carbon["edge"] = grams(number(energy, "edge") + number(energy, "edge_waiting") + number(energy, "radio"), ends.edge_grid, 1);
  carbon["network"] = grams(number(energy, "network"), ends.cloud_grid, 1);
  carbon["cloud"] = grams(number(energy, "cloud"), ends.cloud_grid, ends.cloud_grid.pue);
  carbon["embodied"] = number(time, "total") * a_second(ends.edge, "carbon_g", "embodied") +
                       number(time, "cloud") * a_second(ends.cloud, "carbon_g", "embodied");
  return with_total(carbon);
}

Json cut_object(const SplitEnds& ends, const Cut& cut) {
  const Share edge = share_of(ends.edge, cut, true), cloud = share_of(ends.cloud, cut, false);
  Json object;
  object["after"] = cut.after;
  object["uplink_bytes"] = cut.up.value();
  object["downlink_bytes"] = cut.down.value();
  object["time_s"] = times(ends.link, cut, edge, cloud);
  object["energy_j"] = energies(ends, cut, edge, cloud, object["time_s"]);
  object["carbon_g"] = carbon(ends, object["time_s"], object["energy_j"]);
  return object;
}

std::string name_of(const Json& cuts, std::size_t index) {
  if (index == 0) return "(all in the cloud)";
  if (index + 1 == cuts.size()) return "(all on the edge)";
  return cuts[index].at("after").get<std::string>();
}

std::vector<double> column(const Json& cuts, const char* key) {
  std::vector<double> values;
  for (const Json& cut : cuts) values.push_back(number(cut, key));
  return values;
}

std::vector<double> totals(const Json& cuts, const char* part) {
  std::vector<double> values;
  for (const Json& cut : cuts) values.push_back(number(cut.at(part), "total"));
  return values;
}

/// The best cut by time, energy and carbon, and both ends beside them.
std::string best_table(const Json& best, const Json& cuts, const std::vector<std::string>& names) {
  const std::pair<const char*, std::size_t> rows[] = {{"best time", best.at("time_s").get<std::size_t>()},
                                                      {"best energy", best.at("energy_j").get<std::size_t>()},
                                                      {"best carbon", best.at("carbon_g").get<std::size_t>()},
                                                      {"edge alone", cuts.size() - 1},
                                                      {"cloud alone", 0}};
  std::vector<std::string> what, where;
  Json chosen = Json::array();
  for (const auto& [label, index] : rows) {
    what.emplace_back(label);
    where.push_back(names[index]);
    chosen.push_back(cuts[index]);
  }
  return table_text({words("", what), words("cut after", where), amounts("time", "s", totals(chosen, "time_s")),
                     amounts("energy", "J", totals(chosen, "energy_j")), amounts("carbon", "gCO2e", totals(chosen, "carbon_g"))});
}

constexpr const char* kParts[] = {"time_s", "energy_j", "carbon_g"};

}  // namespace

Json split_document(const SplitEnds& ends, const std::vector<Cut>& cuts) {
  Json document;
  document["schema"] = kSplitSchema;
  document["program"] = {{"name", "nibble"}, {"version", NIBBLE_VERSION}};
  for (const char* key : {"network", "recipe", "batch"}) document[key] = ends.edge.at(key);
  document["edge"] = ends.edge.at("accelerator");
  document["cloud"] = ends.cloud.at("accelerator");
  document["link"] = {{"name", ends.link.name}, {"hash", ends.link.hash}};
  document["edge_grid"] = ends.edge_grid.name;
  document["cloud_grid"] = ends.cloud_grid.name;
  Json list = Json::array();
  for (const Cut& cut : cuts) list.push_back(cut_object(ends, cut));
  Json best;
  for (const char* part : kParts) {
    const std::vector<double> all = totals(list, part);
    best[part] = std::min_element(all.begin(), all.end()) - all.begin();
  }
  document["cuts"] = std::move(list);
  document["best"] = std::move(best);
  return document;
}

std::string split_table(const Json& document) {
  const Json& cuts = document.at("cuts");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < cuts.size(); ++i) names.push_back(name_of(cuts, i));
  return table_text({words("cut after", names), amounts("uplink", "B", column(cuts, "uplink_bytes")),
                     amounts("downlink", "B", column(cuts, "downlink_bytes")), amounts("time", "s", totals(cuts, "time_s")),
                     amounts("energy", "J", totals(cuts, "energy_j")), amounts("carbon", "gCO2e", totals(cuts, "carbon_g"))}) +
         "\n" + best_table(document.at("best"), cuts, names);
}

std::string split_csv(const Json& document) {
  Json rows = Json::array();
  for (const Json& cut : document.at("cuts")) {
    Json& row = rows.emplace_back(Json::object());
    for (const auto& [path, value] : flatten(cut)) row[path] = value;
  }
  return csv_of(rows);
}

}  // namespace nibble
