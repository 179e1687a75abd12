#include <algorithm>
#include <set>

#include "models/base/error.hpp"
#include "sim/report/document.hpp"

namespace nibble {
namespace {

const Json* find_run(const std::vector<Json>& runs, const std::string& name) {
  const auto by_label =
      std::find_if(runs.begin(), runs.end(), [&](const Json& run) { return run_label(run) == name; });
  if (by_label != runs.end()) return &*by_label;
  const auto by_recipe =
      std::find_if(runs.begin(), runs.end(), [&](const Json& run) { return run.at("recipe") == name; });
  return by_recipe != runs.end() ? &*by_recipe : nullptr;
}

std::vector<const Json*> find_baselines(const std::vector<Json>& runs,
                                        const std::optional<std::string>& baseline) {
  std::vector<const Json*> found;
  if (!baseline) {
    for (const char* recipe : {"fp16", "fp32"}) {
      if (const Json* run = find_run(runs, recipe)) found.push_back(run);
    }
    return found;
  }
  const Json* run = find_run(runs, *baseline);
  if (!run) {
    std::vector<std::string> labels;
    std::string listed;
    for (const Json& candidate : runs) {
      labels.push_back(run_label(candidate));
      listed += (listed.empty() ? "" : ", ") + labels.back();
    }
    const std::string near = nearest_word(*baseline, labels);
    throw InputError("CMP-BASELINE", "--baseline " + *baseline + " is none of the runs",
                     near.empty() ? "the runs are: " + listed : "did you mean '" + near + "'?");
  }
  found.push_back(run);
  return found;
}

double quotient(const Json& numerator, const Json& denominator) {
  return numerator.get<double>() / denominator.get<double>();
}

Json ratios_to(const Json& run, const Json& baseline) {
  Json ratios;
  ratios["speed"] = quotient(run.at("samples_per_s"), baseline.at("samples_per_s"));
  ratios["energy"] = quotient(baseline.at("energy_j").at("total"), run.at("energy_j").at("total"));
  ratios["carbon"] = quotient(baseline.at("carbon_g").at("total"), run.at("carbon_g").at("total"));
  return ratios;
}

/// Runs are told apart by their labels; a file that extends another keeps its name unless it says otherwise.
void check_labels(const std::vector<Json>& runs) {
  std::set<std::string> labels;
  for (const Json& run : runs) {
    if (labels.insert(run_label(run)).second) continue;
    throw InputError("CMP-NAME", "two runs are called " + run_label(run),
                     "give the machine's or the recipe's file a 'name' of its own");
  }
}

}  // namespace

std::string run_label(const Json& run) {
  return run.at("recipe").get<std::string>() + "@" + run.at("accelerator").get<std::string>();
}

Json compare_document(std::vector<Json> runs, const std::optional<std::string>& baseline) {
  check_labels(runs);
  const std::vector<const Json*> baselines = find_baselines(runs, baseline);
  Json ratios = Json::array();
  for (const Json& run : runs) {
    Json entry;
    entry["run"] = run_label(run);
    entry["to"] = Json::object();
    for (const Json* base : baselines) entry["to"][run_label(*base)] = ratios_to(run, *base);
    ratios.push_back(std::move(entry));
  }
  Json document;
  document["schema"] = kCompareSchema;
  document["program"] = {{"name", "nibble"}, {"version", NIBBLE_VERSION}};
  document["baselines"] = Json::array();
  for (const Json* base : baselines) document["baselines"].push_back(run_label(*base));
  document["ratios"] = std::move(ratios);
  document["runs"] = std::move(runs);
  return document;
}

}  // namespace nibble
