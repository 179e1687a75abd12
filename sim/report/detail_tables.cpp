#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "sim/report/summary_tables.hpp"

namespace nibble {
namespace {

std::vector<Json> entries_of(const Json& list) { return {list.begin(), list.end()}; }

std::vector<std::string> texts_of(const std::vector<Json>& entries, const char* key) {
  std::vector<std::string> texts;
  for (const Json& entry : entries) texts.push_back(entry.at(key).get<std::string>());
  return texts;
}

TableColumn in_group(const std::string& group, TableColumn column) {
  column.group = group;
  return column;
}

/// "3136x64x576", "8 of 128x128x64", or what the SFUs do where there is no GEMM.
std::string shape_of(const Json& layer) {
  if (layer.at("m") == 0) return layer.at("vector_work").get<std::string>();
  const std::string shape =
      fmt::format("{}x{}x{}", layer.at("m").get<std::uint64_t>(), layer.at("n").get<std::uint64_t>(),
                  layer.at("k").get<std::uint64_t>());
  const auto count = layer.at("count").get<std::uint64_t>();
  return count == 1 ? shape : fmt::format("{} of {}", count, shape);
}

std::vector<double> shares_of(const std::vector<Json>& layers, const std::string& path,
                              std::uint64_t arrays) {
  std::vector<double> shares = values_of(layers, path);
  const std::vector<double> cycles = values_of(layers, "cycles");
  for (std::size_t i = 0; i < shares.size(); ++i) {
    shares[i] = cycles[i] > 0 ? shares[i] / (cycles[i] * static_cast<double>(arrays)) : 0.0;
  }
  return shares;
}

std::vector<double> both(const std::vector<Json>& layers, const std::string& level) {
  std::vector<double> sums = values_of(layers, "bytes." + level + "_read");
  const std::vector<double> written = values_of(layers, "bytes." + level + "_written");
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += written[i];
  return sums;
}

std::vector<unsigned long long> cycles_of(const std::vector<Json>& layers) {
  std::vector<unsigned long long> cycles;
  for (const Json& layer : layers) cycles.push_back(layer.at("cycles").get<unsigned long long>());
  return cycles;
}

}  // namespace

std::vector<TableColumn> layer_columns(const Json& run) {
  const std::vector<Json> layers = entries_of(run.at("layers"));
  const auto arrays = run.at("machine").at("arrays").get<std::uint64_t>();
  std::vector<std::string> shapes;
  for (const Json& layer : layers) shapes.push_back(shape_of(layer));
  std::vector<TableColumn> columns = {words("layer", texts_of(layers, "name")),
                                      words("pass", texts_of(layers, "pass")),
                                      words("mode", texts_of(layers, "mac_mode")),
                                      words("m x n x k, or vector work", shapes),
                                      amounts("MACs", "", values_of(layers, "macs")),
                                      counts("cycles", cycles_of(layers)),
                                      percents("utilisation", values_of(layers, "utilisation"))};
  const std::string group = "percent of array cycles";
  columns.push_back(in_group(group, percents("compute", shares_of(layers, "compute_cycles", arrays))));
  columns.push_back(in_group(group, percents("fill+drain", shares_of(layers, "fill_drain_cycles", arrays))));
  for (const auto& [cause, heading] : {std::pair{"memory", "memory"},
                                       {"ring", "ring"},
                                       {"l1", "L1"},
                                       {"vector", "vector"},
                                       {"sync", "sync"}}) {
    columns.push_back(
        in_group(group, percents(heading, shares_of(layers, std::string("stalls.") + cause, arrays))));
  }
  for (const auto& [level, heading] : {std::pair{"l0", "L0"}, {"l1", "L1"}, {"memory", "memory"}}) {
    columns.push_back(in_group("bytes read and written", amounts(heading, "B", both(layers, level))));
  }
  columns.push_back(amounts("energy", "J", values_of(layers, "energy_j.total")));
  return columns;
}

std::string layers_table(const Json& run) {
  return "Operations of the step, in order\n" + table_text(layer_columns(run));
}

std::string energy_table(const Json& run) {
  std::vector<Json> rows = entries_of(run.at("energy_table"));
  std::vector<std::string> counted;
  std::vector<std::string> products;
  std::vector<std::string> picojoules;
  double sum = 0;
  for (Json& row : rows) {
    const double count = row.at("count").get<double>();
    counted.push_back(std::floor(count) == count ? fmt::format("{:.0f}", count)
                                                 : fmt::format("{:.6g}", count));
    picojoules.push_back(fmt::format("{:.4g}", row.at("each_pj").get<double>()));
    products.push_back(fmt::format("{:.6g}", row.at("energy_j").get<double>()));
    sum += row.at("energy_j").get<double>();
    if (!row.at("verified").get<bool>()) {
      row["source"] = "(unverified) " + row.at("source").get<std::string>();
    }
  }
  const auto right = [](std::string heading, std::string unit, std::vector<std::string> cells) {
    return TableColumn{"", std::move(heading), std::move(unit), false, std::move(cells)};
  };
  return "Energy of every event\n" +
         table_text({words("component", texts_of(rows, "component")), words("event", texts_of(rows, "event")),
                     words("class", texts_of(rows, "class")), right("count", "", counted),
                     words("per", texts_of(rows, "per")), right("each", "pJ", picojoules),
                     right("energy", "J", products), words("source", texts_of(rows, "source"))}) +
         fmt::format("sum of the rows: {:.6g} J; total of the run: {:.6g} J\n", sum,
                     run.at("energy_j").at("total").get<double>());
}

}  // namespace nibble
