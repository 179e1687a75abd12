#include "sim/report/summary_tables.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <set>

namespace nibble {
namespace {

/// Column headings of the keys of a document's object.
struct Heading {
  const char* key;
  const char* text;
};

constexpr Heading kArrayCycles[] = {{"compute", "compute"}, {"fill_drain", "fill+drain"}, {"memory", "memory"},
                                    {"ring", "ring"},       {"l1", "L1"},                 {"vector", "vector"},
                                    {"sync", "sync"}};
constexpr Heading kComponents[] = {{"mpe", "MPE"},         {"registers", "registers"}, {"l0", "L0"},
                                   {"l1", "L1"},           {"sfu", "SFU"},             {"ring", "ring"},
                                   {"memory", "memory"},   {"clock", "clock"},         {"leakage", "leakage"}};
constexpr const char* kPasses[] = {"fwd", "dgrad", "wgrad", "vector", "update"};

std::vector<double> quotients(const std::vector<double>& numerators, const std::vector<double>& denominators) {
  std::vector<double> result;
  for (std::size_t i = 0; i < numerators.size(); ++i) result.push_back(numerators[i] / denominators[i]);
  return result;
}

TableColumn in_group(const std::string& group, TableColumn column) {
  column.group = group;
  return column;
}

std::string name_of(const std::string& mode) {
  if (mode == "program") return "replay";
  return mode == "training" ? "training step" : "inference";
}

std::string joined(const Json& words, const std::string& separator) {
  std::string text;
  for (const Json& word : words) text += (text.empty() ? "" : separator) + word.get<std::string>();
  return text;
}

std::string coverage_of(const Json& run) {
  const Json& coverage = run.at("coverage");
  const Json& free_layers = coverage.at("free_layers");
  std::string text = fmt::format("every operation has a cost: {} layers became {} operations ({} with a GEMM, {} of "
                                 "vector work alone), all simulated",
                                 coverage.at("layers_with_cost").get<std::uint64_t>(),
                                 coverage.at("operations").get<std::uint64_t>(),
                                 coverage.at("gemm_operations").get<std::uint64_t>(),
                                 coverage.at("vector_operations").get<std::uint64_t>());
  if (free_layers.empty()) return text;
  return text + fmt::format("; free: {}", joined(free_layers, "; "));
}

std::string constants_of(const Json& run) {
  const Json& names = run.at("unverified_constants");
  if (names.empty()) return "";
  return fmt::format("uses {} energy constants that no source settles: {} (see: nibble show technology {})",
                     names.size(), joined(names, ", "), run.at("technology").get<std::string>());
}

/// One line if it holds for all runs alike, else a line for each different text with the runs it is about.
std::string lines_of(const std::vector<Json>& runs, std::string (*line)(const Json&)) {
  std::vector<std::pair<std::string, std::string>> texts;  // text, labels
  for (const Json& run : runs) {
    const std::string text = line(run);
    bool known = false;
    for (auto& [seen, labels] : texts) {
      if (seen != text) continue;
      labels += ", " + run_label(run);
      known = true;
    }
    if (!known) texts.emplace_back(text, run_label(run));
  }
  std::string result;
  for (const auto& [text, labels] : texts) {
    if (!text.empty()) result += texts.size() == 1 ? text + "\n" : labels + ": " + text + "\n";
  }
  return result;
}

}  // namespace

std::vector<double> values_of(const std::vector<Json>& runs, const std::string& path) {
  std::vector<double> values;
  for (const Json& run : runs) {
    const Json* value = &run;
    for (std::size_t start = 0; value && start <= path.size();) {
      const std::size_t end = std::min(path.find('.', start), path.size());
      const auto found = value->find(path.substr(start, end - start));
      value = found == value->end() ? nullptr : &*found;
      start = end + 1;
    }
    values.push_back(value && value->is_number() ? value->get<double>() : std::numeric_limits<double>::quiet_NaN());
  }
  return values;
}

std::vector<std::string> labels_of(const std::vector<Json>& runs) {
  std::vector<std::string> labels;
  for (const Json& run : runs) labels.push_back(run_label(run));
  return labels;
}

std::string title(const std::vector<Json>& runs) {
  const Json& run = runs.front();
  const Json& assumptions = run.at("carbon_assumptions");
  return fmt::format("One {} of {}, batch {}; grid {}: {:.4g} gCO2e/kWh, PUE {:.3g}\n",
                     name_of(run.at("mode").get<std::string>()),
                     run.at("network").get<std::string>(), run.at("batch").get<std::uint64_t>(),
                     run.at("grid").get<std::string>(), assumptions.at("intensity_g_per_kwh").get<double>(),
                     assumptions.at("pue").get<double>());
}

std::vector<TableColumn> overview_columns(const std::vector<Json>& runs) {
  return {words("run", labels_of(runs)),
          amounts("time", "s", values_of(runs, "time_s")),
          numbers("samples/s", "", values_of(runs, "samples_per_s")),
          numbers("sustained", "TOPS", values_of(runs, "tops")),
          percents("utilisation", values_of(runs, "utilisation")),
          amounts("energy", "J", values_of(runs, "energy_j.total")),
          numbers("TOPS/W", "", values_of(runs, "tops_per_w")),
          amounts("power", "W", values_of(runs, "power_w")),
          amounts("carbon", "gCO2e", values_of(runs, "carbon_g.total"))};
}

std::string energy_by_component(const std::vector<Json>& runs) {
  const std::vector<double> totals = values_of(runs, "energy_j.total");
  std::vector<TableColumn> columns = {words("run", labels_of(runs)), amounts("total", "J", totals)};
  for (const Heading& part : kComponents) {
    const std::vector<double> joules = values_of(runs, std::string("energy_j.") + part.key);
    columns.push_back(in_group("percent of the total", percents(part.text, quotients(joules, totals))));
  }
  return "Energy by component\n" + table_text(columns);
}

std::string where_the_time_went(const std::vector<Json>& runs) {
  const std::vector<double> all = values_of(runs, "array_cycles.total");
  std::vector<TableColumn> columns = {words("run", labels_of(runs))};
  for (const Heading& part : kArrayCycles) {
    const std::vector<double> cycles = values_of(runs, std::string("array_cycles.") + part.key);
    columns.push_back(in_group("percent of array cycles", percents(part.text, quotients(cycles, all))));
  }
  const std::vector<double> time = values_of(runs, "time_s");
  for (const char* pass : kPasses) {
    const std::vector<double> seconds = values_of(runs, fmt::format("passes.{}.time_s", pass));
    columns.push_back(in_group("percent of the step's time", percents(pass, quotients(seconds, time))));
  }
  return "Where the time went\n" + table_text(columns);
}

std::string footnotes(const std::vector<Json>& runs) {
  return lines_of(runs, coverage_of) + lines_of(runs, constants_of);
}

}  // namespace nibble
