#include "sim/report/measured_document.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "sim/report/csv_report.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

constexpr std::size_t kWorstRows = 10;

/// Error of the analytical model of the card's makers, RMS in percent, in sample (spyre-cost-model): lowest and highest that
/// they print for a kind.
struct MakersModel {
  const char* kind;
  double lowest, highest;
};
constexpr MakersModel kMakersModel[] = {{"pointwise", 3.6, 8.5}, {"broadcast", 5.0, 5.0}, {"copy", 6.1, 6.1},
                                        {"reduction", 7.2, 7.2}, {"softmax", 7.2, 21.1},  {"matmul", 15.1, 29.8},
                                        {"bmm", 26.5, 41.8}};

Json errors(const std::vector<const SimulatedKernel*>& kernels) {
  const ErrorSummary summary = summarise(kernels);
  return {{"rows", summary.rows},
          {"rms", summary.rms},
          {"median", summary.median},
          {"bias", summary.bias},
          {"worst", summary.worst}};
}

Json row_of(const SimulatedKernel& kernel) {
  Json row;
  for (std::size_t i = 0; i < kMeasuredColumns.size(); ++i) row[kMeasuredColumns[i]] = kernel.measured.fields[i];
  row["measured_us"] = kernel.measured.measured_us > 0 ? Json(kernel.measured.measured_us) : Json();
  const bool simulated = kernel.not_simulated.empty();
  row["simulated_us"] = simulated ? Json(kernel.simulated_us) : Json();
  row["ratio"] = kernel.comparable() ? Json(kernel.ratio()) : Json();
  row["half"] = kernel.measured.in_fitted_half() ? "fitted" : "other";
  row["mapping"] = kernel.mapping;
  row["not_simulated"] = kernel.not_simulated;
  return row;
}

using Group = std::vector<const SimulatedKernel*>;

/// RMS error of those rows of a group whose shapes the machine's values were chosen on, or of the others; nothing if none are.
Json half_rms(const Group& group, bool fitted) {
  Group half;
  for (const SimulatedKernel* kernel : group) {
    if (kernel->measured.in_fitted_half() == fitted) half.push_back(kernel);
  }
  return half.empty() ? Json() : Json(summarise(half).rms);
}

Json kinds_of(const std::map<std::string, Group>& groups) {
  Json kinds = Json::array();
  for (const auto& [kind, group] : groups) {
    Json entry{{"op", kind}};
    entry.update(errors(group));
    entry["fitted_half_rms"] = half_rms(group, true);
    entry["other_half_rms"] = half_rms(group, false);
    for (const MakersModel& model : kMakersModel) {
      if (kind != model.kind) continue;
      entry["makers_model_rms"] = {model.lowest / 100, model.highest / 100};
      entry["better_than_makers"] = entry["rms"].get<double>() <= model.highest / 100;
    }
    kinds.push_back(std::move(entry));
  }
  return kinds;
}

std::vector<double> column(const Json& entries, const char* key) {
  std::vector<double> values;
  for (const Json& entry : entries) values.push_back(entry.at(key).get<double>());
  return values;
}

std::vector<unsigned long long> row_counts(const Json& entries) {
  std::vector<unsigned long long> values;
  for (const Json& entry : entries) values.push_back(entry.at("rows").get<unsigned long long>());
  return values;
}

/// RMS errors in percent, a dash where no row is.
TableColumn half_column(const Json& kinds, const char* heading, const char* key) {
  std::vector<std::string> cells;
  for (const Json& kind : kinds) {
    cells.push_back(kind.at(key).is_null() ? "-" : fmt::format("{:.1f}", kind.at(key).get<double>() * 100));
  }
  return {.group = "", .heading = heading, .unit = "% RMS", .left = false, .cells = cells};
}

std::vector<TableColumn> error_columns(const Json& entries) {
  return {counts("rows", row_counts(entries)), percents("RMS", column(entries, "rms")),
          percents("median", column(entries, "median")), percents("bias", column(entries, "bias")),
          percents("worst", column(entries, "worst"))};
}

std::string kinds_table(const Json& kinds) {
  std::vector<std::string> names, makers;
  for (const Json& kind : kinds) {
    names.push_back(kind.at("op"));
    if (!kind.contains("makers_model_rms")) {
      makers.emplace_back("-");
      continue;
    }
    const double low = kind["makers_model_rms"][0].get<double>() * 100, high = kind["makers_model_rms"][1].get<double>() * 100;
    makers.push_back(low == high ? fmt::format("{:.1f}", low) : fmt::format("{:.1f} to {:.1f}", low, high));
  }
  std::vector<TableColumn> columns{words("kind", names)};
  for (TableColumn& error : error_columns(kinds)) columns.push_back(std::move(error));
  columns.push_back(half_column(kinds, "fitted half", "fitted_half_rms"));
  columns.push_back(half_column(kinds, "other half", "other_half_rms"));
  columns.push_back({.group = "", .heading = "makers' model", .unit = "% RMS", .left = false, .cells = makers});
  return table_text(columns);
}

std::string cores_table(const Json& cores) {
  std::vector<std::string> names;
  std::vector<unsigned long long> used;
  for (const Json& entry : cores) {
    names.push_back(entry.at("op"));
    used.push_back(entry.at("cores").get<unsigned long long>());
  }
  std::vector<TableColumn> columns{words("kind", names), counts("cores", used)};
  for (TableColumn& error : error_columns(cores)) columns.push_back(std::move(error));
  return table_text(columns);
}

std::string worst_table(const Json& document) {
  std::vector<std::string> what, cores, split, mapping;
  std::vector<double> measured, simulated, ratio;
  for (const Json& index : document.at("worst")) {
    const Json& row = document.at("rows")[index.get<std::size_t>()];
    const auto text = [&](const char* key) { return row.at(key).get<std::string>(); };
    std::vector<std::string> extents;
    for (const char* key : {"batch", "m", "n", "k"}) {
      if (!text(key).empty()) extents.push_back(text(key));
    }
    what.push_back(fmt::format("{} {}", text("op"), fmt::join(extents, "x")));
    cores.push_back(text("cores"));
    split.push_back(text("split"));
    measured.push_back(row.at("measured_us").get<double>() * 1e-6);
    simulated.push_back(row.at("simulated_us").get<double>() * 1e-6);
    ratio.push_back(row.at("ratio").get<double>());
  }
  return table_text({words("kernel", what), words("cores", cores), words("split", split), amounts("measured", "s", measured),
                     amounts("simulated", "s", simulated), numbers("ratio", "", ratio)});
}

/// How many rows were left out, by reason.
std::string left_out_text(const Json& document) {
  const auto left_out = document.at("not_simulated").get<std::size_t>();
  if (left_out == 0) return {};
  std::map<std::string, unsigned long long> reasons;
  for (const Json& row : document.at("rows")) {
    const std::string why = row.at("not_simulated").get<std::string>();
    if (!why.empty()) ++reasons[fmt::format("{}: {}", row.at("op").get<std::string>(), why)];
  }
  std::vector<std::string> names;
  std::vector<unsigned long long> rows;
  for (const auto& [name, count] : reasons) {
    names.push_back(name);
    rows.push_back(count);
  }
  return fmt::format("\nNot simulated: {} rows\n{}", left_out, table_text({counts("rows", rows), words("why", names)}));
}

}  // namespace

Json measured_document(const std::vector<SimulatedKernel>& kernels, const std::string& accelerator,
                       const std::string& file) {
  Json document{{"schema", kMeasuredSchema},
                {"program", {{"version", NIBBLE_VERSION}}},
                {"accelerator", accelerator},
                {"measured", file}};
  std::map<std::string, Group> kinds;
  std::map<std::pair<std::string, std::uint32_t>, Group> by_cores;
  std::vector<std::size_t> order;
  std::size_t left_out = 0;
  Json rows = Json::array();
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    const SimulatedKernel& kernel = kernels[i];
    rows.push_back(row_of(kernel));
    if (!kernel.not_simulated.empty()) ++left_out;
    if (!kernel.comparable()) continue;
    kinds[kernel.measured.op].push_back(&kernel);
    by_cores[{kernel.measured.op, kernel.measured.cores}].push_back(&kernel);
    order.push_back(i);
  }
  document["kinds"] = kinds_of(kinds);
  document["cores"] = Json::array();
  for (const auto& [key, group] : by_cores) {
    Json entry{{"op", key.first}, {"cores", key.second}};
    entry.update(errors(group));
    document["cores"].push_back(std::move(entry));
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::abs(std::log(kernels[a].ratio())) > std::abs(std::log(kernels[b].ratio()));
  });
  if (order.size() > kWorstRows) order.resize(kWorstRows);
  document["worst"] = order;
  document["not_simulated"] = left_out;
  document["rows"] = std::move(rows);
  return document;
}

std::string measured_table(const Json& document) {
  std::string text = fmt::format("Kernels measured on silicon ({}) beside {}: error of the simulated time\n\n",
                                 document.at("measured").get<std::string>(), document.at("accelerator").get<std::string>());
  text += kinds_table(document.at("kinds"));
  text += "\nBy cores\n" + cores_table(document.at("cores"));
  text += "\nWorst rows\n" + worst_table(document);
  return text + left_out_text(document);
}

std::string measured_csv(const Json& document) { return csv_of(document.at("rows")); }

}  // namespace nibble
