#include "sim/published/run_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <vector>

#include "models/base/error.hpp"
#include "sim/report/csv_report.hpp"
#include "sim/report/metrics.hpp"
#include "sim/sweep/expression.hpp"

namespace nibble {
namespace {

using Values = std::map<std::string, SqlValue>;

const std::vector<std::string> kLayerValues{"macs", "cycles", "time_s", "utilisation", "tops"};

Values values_of(const Json& document) {
  Values values;
  for (const auto& [name, value] : flatten(document)) {
    if (value.is_number()) values[name] = value.get<double>();
  }
  return values;
}

/// Empty if no GEMM is of such a layer.
Values values_of_layers(const Json& document, const std::string& pattern) {
  double macs = 0, cycles = 0, seconds = 0, used_cycles = 0;
  for (const Json& layer : document.at("layers")) {
    const double layer_macs = layer.at("macs").get<double>();
    if (layer_macs == 0 || ::fnmatch(pattern.c_str(), layer.at("name").get<std::string>().c_str(), 0) != 0) continue;
    macs += layer_macs;
    cycles += layer.at("cycles").get<double>();
    seconds += layer.at("time_s").get<double>();
    used_cycles += layer.at("utilisation").get<double>() * layer.at("cycles").get<double>();
  }
  if (cycles == 0) return {};
  return {{"macs", macs}, {"cycles", cycles}, {"time_s", seconds}, {"utilisation", used_cycles / cycles},
          {"tops", 2e-12 * macs / seconds}};
}

bool known(const std::string& name, bool of_layers) {
  if (of_layers) return std::find(kLayerValues.begin(), kLayerValues.end(), name) != kLayerValues.end();
  return metric_of(name) != nullptr;
}

}  // namespace

std::optional<double> run_value(const Json& document, const std::string& expression, const std::string& layers) {
  return Evaluator{}.number(expression, layers.empty() ? values_of(document) : values_of_layers(document, layers));
}

void check_expression(const std::string& expression, bool of_layers, const Place& place) {
  for (const std::string& name : names_in(expression)) {
    if (known(name, of_layers)) continue;
    std::vector<std::string> words = kLayerValues;
    if (!of_layers) {
      words.clear();
      for (const Metric& metric : metrics()) words.emplace_back(metric.name);
    }
    const std::string near = nearest_word(name, words);
    throw InputError{Problem{"PUB-METRIC", place.file ? *place.file : "", place.line, place.column,
                             fmt::format("'{}' is no metric of {}", name, of_layers ? "layers" : "a run"),
                             near.empty() ? (of_layers ? fmt::format("known: {}", fmt::join(words, ", "))
                                                       : std::string{"see: nibble explain"})
                                          : fmt::format("did you mean '{}'?", near)}};
  }
}

}  // namespace nibble
