#include "sim/report/summary_tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>

namespace nibble {
namespace {

/// Layers of one reason that the coverage line names; JSON has them all.
constexpr std::size_t kNamedLayers = 3;

/// Column headings of the keys of a document's object.
struct Heading {
  const char* key;
  const char* text;
};

constexpr Heading kArrayCycles[] = {
    {"compute", "compute"}, {"fill_drain", "fill+drain"}, {"memory", "memory"}, {"ring", "ring"},
    {"l1", "L1"},           {"vector", "vector"},         {"sync", "sync"}};
constexpr Heading kComponents[] = {
    {"mpe", "MPE"},   {"registers", "registers"}, {"wires", "wires"}, {"l0", "L0"},       {"l1", "L1"}, {"sfu", "SFU"},
    {"ring", "ring"}, {"memory", "memory"},       {"clock", "clock"}, {"leakage", "leakage"}};
constexpr const char* kPasses[] = {"fwd", "dgrad", "wgrad", "vector", "update", "recompute"};

std::vector<double> quotients(const std::vector<double>& numerators,
                              const std::vector<double>& denominators) {
  std::vector<double> result;
  for (std::size_t i = 0; i < numerators.size(); ++i) result.push_back(numerators[i] / denominators[i]);
  return result;
}

bool any_of_several_chips(const std::vector<Json>& runs) {
  return std::any_of(runs.begin(), runs.end(), [](const Json& run) { return run.contains("exchange"); });
}

bool any_capped(const std::vector<Json>& runs) {
  return std::any_of(runs.begin(), runs.end(), [](const Json& run) { return run.at("machine").contains("power_cap_w"); });
}

TableColumn in_group(const std::string& group, TableColumn column) {
  column.group = group;
  return column;
}

std::string name_of(const std::string& mode) {
  if (mode == "program") return "replay";
  return mode == "training" ? "training step" : "inference";
}

/// Words that several runs have in common, once, in the order of first sight.
class WordSet {
 public:
  void add(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      if (std::find(words_.begin(), words_.end(), word) == words_.end()) words_.push_back(word);
    }
  }
  [[nodiscard]] std::size_t size() const { return words_.size(); }
  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
  [[nodiscard]] std::string text(const char* separator) const {
    return fmt::format("{}", fmt::join(words_, separator));
  }

 private:
  std::vector<std::string> words_;
};

/// "layer: reason" lines by their reason: "one, another and 46 more: reason; ...".
std::string by_reason(const std::vector<std::string>& lines) {
  std::vector<std::pair<std::string, std::vector<std::string>>> reasons;  // in the order of their first layer
  for (const std::string& line : lines) {
    const std::size_t colon = line.find(": ");
    const std::string reason = line.substr(colon + 2);
    auto same = std::find_if(reasons.begin(), reasons.end(), [&](const auto& seen) { return seen.first == reason; });
    if (same == reasons.end()) same = reasons.insert(same, {reason, {}});
    same->second.push_back(line.substr(0, colon));
  }
  std::vector<std::string> parts;
  for (const auto& [reason, layers] : reasons) {
    const std::size_t shown = layers.size() > kNamedLayers + 1 ? kNamedLayers : layers.size();
    std::string names = fmt::format("{}", fmt::join(layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
    if (shown < layers.size()) names += fmt::format(" and {} more", layers.size() - shown);
    parts.push_back(names + ": " + reason);
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string coverage(const std::vector<Json>& runs) {
  std::vector<std::pair<std::string, WordSet>> operations;  // counts, and the runs that they are of
  WordSet free_layers;
  for (const Json& run : runs) {
    const Json& coverage = run.at("coverage");
    const std::string counts = fmt::format("{} operations ({} with a GEMM, {} of vector work alone)",
                                           coverage.at("operations").get<std::uint64_t>(),
                                           coverage.at("gemm_operations").get<std::uint64_t>(),
                                           coverage.at("vector_operations").get<std::uint64_t>());
    auto same =
        std::find_if(operations.begin(), operations.end(), [&](auto& seen) { return seen.first == counts; });
    if (same == operations.end()) same = operations.insert(same, {counts, WordSet{}});
    same->second.add({run_label(run)});
    free_layers.add(coverage.at("free_layers"));
  }
  std::string text = "Coverage: every layer has a cost, and every operation was simulated:";
  for (const auto& [counts, labels] : operations) {
    text += fmt::format("{} {} in {}", &counts == &operations.front().first ? "" : ",", counts,
                        labels.text(" and "));
  }
  text += ".";
  if (free_layers.size() > 0) text += fmt::format(" Free: {}.", by_reason(free_layers.words()));
  return wrapped(text);
}

/// For each technology, the constants that its runs use and no source settles.
std::string unverified(const std::vector<Json>& runs) {
  std::map<std::string, WordSet> constants;
  for (const Json& run : runs) constants[run.at("technology")].add(run.at("unverified_constants"));
  std::string text;
  for (const auto& [technology, names] : constants) {
    if (names.size() == 0) continue;
    text += wrapped(
        fmt::format("Unverified: no source settles {} of the energy constants used: {}. See: nibble show "
                    "technology {}",
                    names.size(), names.text(", "), technology));
  }
  return text;
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
    values.push_back(value && value->is_number() ? value->get<double>()
                                                 : std::numeric_limits<double>::quiet_NaN());
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
                     name_of(run.at("mode").get<std::string>()), run.at("network").get<std::string>(),
                     run.at("batch").get<std::uint64_t>(), run.at("grid").get<std::string>(),
                     assumptions.at("intensity_g_per_kwh").get<double>(),
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

std::vector<TableColumn> component_columns(const std::vector<Json>& runs) {
  const std::vector<double> totals = values_of(runs, "energy_j.total");
  std::vector<TableColumn> columns = {words("run", labels_of(runs)), amounts("total", "J", totals)};
  for (const Heading& part : kComponents) {
    const std::vector<double> joules = values_of(runs, std::string("energy_j.") + part.key);
    columns.push_back(in_group("percent of the total", percents(part.text, quotients(joules, totals))));
  }
  if (any_of_several_chips(runs)) {
    columns.push_back(in_group("percent of the total",
                               percents("links", quotients(values_of(runs, "energy_j.link"), totals))));
  }
  return columns;
}

std::vector<TableColumn> time_columns(const std::vector<Json>& runs) {
  const std::vector<double> all = values_of(runs, "array_cycles.total");
  std::vector<TableColumn> columns = {words("run", labels_of(runs))};
  for (const Heading& part : kArrayCycles) {
    const std::vector<double> cycles = values_of(runs, std::string("array_cycles.") + part.key);
    columns.push_back(in_group("percent of array cycles", percents(part.text, quotients(cycles, all))));
  }
  if (any_capped(runs)) {
    columns.push_back(in_group("percent of array cycles",
                               percents("throttled", quotients(values_of(runs, "array_cycles.throttled"), all))));
  }
  const std::vector<double> time = values_of(runs, "time_s");
  for (const std::string pass : kPasses) {
    const std::vector<double> seconds = values_of(runs, fmt::format("passes.{}.time_s", pass));
    const bool any = std::any_of(seconds.begin(), seconds.end(), [](double s) { return s > 0; });
    if (pass == "recompute" && !any) continue;
    columns.push_back(in_group("percent of the step's time", percents(pass, quotients(seconds, time))));
  }
  if (any_of_several_chips(runs)) {
    columns.push_back(in_group("percent of the step's time",
                               percents("exchange", quotients(values_of(runs, "exchange.exposed_time_s"), time))));
  }
  return columns;
}

std::string energy_by_component(const std::vector<Json>& runs) {
  return "Energy by component\n" + table_text(component_columns(runs));
}

std::string where_the_time_went(const std::vector<Json>& runs) {
  return "Where the time went\n" + table_text(time_columns(runs));
}

std::string footnotes(const std::vector<Json>& runs) { return coverage(runs) + unverified(runs); }

}  // namespace nibble
