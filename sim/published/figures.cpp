#include "sim/published/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "models/base/error.hpp"
#include "models/config/catalogue.hpp"
#include "models/energy/energy.hpp"
#include "sim/published/carbon_figures.hpp"
#include "sim/published/run_values.hpp"

namespace nibble {
namespace {

PublishedRun run_of(const PublishedRuns& runs, const std::string& network) {
  PublishedRun run;
  run.request.network = network;
  run.request.accelerator = runs.accelerator;
  run.request.recipe = runs.recipe;
  run.request.batch = runs.batch;
  run.request.chips = runs.chips;
  run.request.training = runs.training;
  run.request.machine = runs.set;
  return run;
}

std::vector<std::string> networks_of(const PublishedRuns& runs) {
  std::vector<std::string> networks = runs.networks;
  const std::vector<std::string> shipped = shipped_names(Kind::network);
  for (const std::string& network : runs.later) {
    if (std::find(shipped.begin(), shipped.end(), network) != shipped.end()) networks.push_back(network);
  }
  return networks;
}

const MacMode& mode_of(const Accelerator& accelerator, const std::string& name) {
  for (const MacMode& mode : accelerator.core.mpe.modes) {
    if (mode.name == name) return mode;
  }
  throw InputError{"PUB-MODE", fmt::format("accelerator '{}' has no mode '{}'", accelerator.name, name)};
}

double peak(const std::string& accelerator, const std::string& mode, const Overrides& set = {}) {
  const Accelerator machine = load_accelerator(accelerator, set);
  return peak_tops(machine, mode_of(machine, mode));
}

Figure figure(const PeakMeasure& measure) {
  const double ours = peak(measure.accelerator, measure.mode, measure.set);
  const std::string what = measure.mode + " of " + measure.accelerator;
  if (measure.over_accelerator.empty()) return {ours, what};
  return {ours / peak(measure.over_accelerator, measure.over_mode),
          fmt::format("{} over {} of {}", what, measure.over_mode, measure.over_accelerator)};
}

/// The quantity with these keys of the machine, and the operating point that they set.
Figure efficiency(const EfficiencyMeasure& measure, const Overrides& set) {
  const Accelerator accelerator = load_accelerator(measure.accelerator, set);
  const PeakEfficiency ours =
      peak_efficiency(accelerator, load_technology(accelerator.technology), mode_of(accelerator, measure.mode));
  return {measure.of == EfficiencyQuantity::watts ? ours.power.value() : ours.tops_per_w,
          fmt::format("{} at {:.2f} V, {:.2f} GHz", measure.mode, accelerator.voltage.value(), accelerator.clock.value() * 1e-9)};
}

Figure figure(const EfficiencyMeasure& measure) {
  const Figure ours = efficiency(measure, measure.set);
  if (measure.over.empty()) return ours;
  const Figure base = efficiency(measure, measure.over);
  return {*ours.value / *base.value, fmt::format("{} over {}", ours.detail, base.detail)};
}

/// A network's value, or why there is none.
Figure one_run(const PublishedGroup& group, const RunMeasure& measure, const std::string& set, const std::string& network,
               const RunDocuments& documents) {
  const Json& document = documents.at(run_of(group.runs.at(set), network).name());
  if (document.contains("failed")) return {std::nullopt, document.at("failed").get<std::string>()};
  const std::optional<double> value = run_value(document, measure.of, measure.layers);
  if (!value) return {std::nullopt, fmt::format("'{}' has no value", measure.of)};
  return {value, network};
}

struct Collected {
  std::vector<Figure> values;
  std::vector<std::string> failures;
};

Collected collect(const PublishedGroup& group, const RunMeasure& measure, const RunDocuments& documents) {
  Collected all;
  for (const std::string& network : networks_of(group.runs.at(measure.runs))) {
    Figure ours = one_run(group, measure, measure.runs, network, documents);
    if (ours.value && !measure.over.empty()) {
      const Figure base = one_run(group, measure, measure.over, network, documents);
      ours = base.value ? Figure{.value = *ours.value / *base.value, .detail = network} : base;
    }
    if (ours.value) {
      all.values.push_back(ours);
    } else {
      all.failures.push_back(network + ": " + ours.detail);
    }
  }
  return all;
}

Figure mean_of(const std::vector<Figure>& values) {
  double sum = 0;
  for (const Figure& one : values) sum += *one.value;
  return {sum / static_cast<double>(values.size()), "mean"};
}

Figure figure(const PublishedGroup& group, const RunMeasure& measure, const RunDocuments& documents) {
  const Collected all = collect(group, measure, documents);
  if (all.values.empty()) return {std::nullopt, all.failures.front()};
  const auto less = [](const Figure& a, const Figure& b) { return *a.value < *b.value; };
  Figure taken = measure.take == Take::mean
                     ? mean_of(all.values)
                     : *(measure.take == Take::least ? std::min_element(all.values.begin(), all.values.end(), less)
                                                     : std::max_element(all.values.begin(), all.values.end(), less));
  const PublishedRuns& runs = group.runs.at(measure.runs);
  const std::size_t wanted = runs.networks.size() + runs.later.size();
  if (wanted == 1) {
    taken.detail = all.values.front().detail;
  } else {
    taken.detail += fmt::format(", {} of {} networks", all.values.size(), wanted);
    for (const Figure& one : all.values) taken.networks.emplace_back(one.detail, *one.value);
  }
  for (const std::string& failure : all.failures) taken.detail += "; without " + failure;
  return taken;
}

}  // namespace

std::string PublishedRun::name() const {
  std::string text = fmt::format("{}, {}@{}, {} of {}", request.network, request.recipe, request.accelerator,
                                 request.training ? "training" : "inference", request.batch);
  if (request.chips) text += fmt::format(" on {} chips", *request.chips);
  for (const Override& value : request.machine) text += fmt::format(", {} = {}", value.path, value.value.scalar);
  return text;
}

std::vector<PublishedRun> runs_of(const std::vector<PublishedGroup>& groups) {
  std::vector<PublishedRun> all;
  std::map<std::string, std::size_t> known;
  for (const PublishedGroup& group : groups) {
    for (const PublishedRow& row : group.rows) {
      const auto* measure = std::get_if<RunMeasure>(&row.measure);
      if (measure == nullptr) continue;
      for (const std::string& set : {measure->runs, measure->over}) {
        if (set.empty()) continue;
        for (const std::string& network : networks_of(group.runs.at(measure->runs))) {
          PublishedRun run = run_of(group.runs.at(set), network);
          const auto [entry, fresh] = known.emplace(run.name(), all.size());
          if (fresh) all.push_back(std::move(run));
          all[entry->second].layers = all[entry->second].layers || !measure->layers.empty();
        }
      }
    }
  }
  return all;
}

Json simulate_published(const PublishedRun& run, const ProgressSink& progress) {
  const SimulationInputs inputs = load_inputs(run.request);
  const auto failed = [](std::string why) {
    std::replace(why.begin(), why.end(), '\n', ' ');
    return Json{{"failed", why}};
  };
  try {
    return run_document(simulate(run.request, inputs, {.progress = progress}), {.layers = run.layers});
  } catch (const InputError& error) {
    return failed(error.problems().front().what);
  } catch (const LawError& error) {
    return failed(error.what());
  }
}

Figure figure_of(const PublishedGroup& group, const PublishedRow& row, const RunDocuments& runs) {
  struct Visitor {
    const PublishedGroup& group;
    const RunDocuments& runs;
    Figure operator()(const PeakMeasure& measure) const { return figure(measure); }
    Figure operator()(const EfficiencyMeasure& measure) const { return figure(measure); }
    Figure operator()(const RunMeasure& measure) const { return figure(group, measure, runs); }
    Figure operator()(const StrubellMeasure& measure) const { return {carbon_figure(measure), "strubell's formula"}; }
    Figure operator()(const DieMeasure& measure) const { return {carbon_figure(measure), "die"}; }
    Figure operator()(const MemoryMeasure& measure) const { return {carbon_figure(measure), "memory"}; }
    Figure operator()(const TrainingMeasure& measure) const { return {carbon_figure(measure), "devices x time"}; }
  };
  return std::visit(Visitor{group, runs}, row.measure);
}

void check_expressions(const PublishedGroup& group) {
  for (const PublishedRow& row : group.rows) {
    if (const auto* measure = std::get_if<RunMeasure>(&row.measure)) {
      check_expression(measure->of, !measure->layers.empty(), measure->place);
    }
  }
}

}  // namespace nibble
