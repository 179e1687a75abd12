#include <fmt/format.h>

#include "models/config/extends.hpp"
#include "models/config/recipe.hpp"
#include "models/formats/format.hpp"

namespace nibble {
namespace {

std::string read_format(const MapReader& map, const std::string& key, const std::string& fallback = {}) {
  std::vector<std::string> known;
  for (const FormatStorage& format : all_formats()) known.emplace_back(format.name);
  return map.choice(key, known, fallback.empty() ? std::nullopt : std::optional{fallback});
}

/// `a` and `b`: what the file calls the GEMM's operands.
GemmFormats read_gemm(const MapReader& map, const std::string& key, const char* a, const char* b,
                      const GemmFormats& base) {
  if (!map.has(key) && !base.a.empty()) return base;
  const MapReader gemm = map.map(key);
  return {read_format(gemm, a, base.a), read_format(gemm, b, base.b), read_format(gemm, "output", base.output)};
}

void read_quantisers(const MapReader& map, Precision& precision) {
  if (!map.has("quantisers")) return;
  const MapReader q = map.map("quantisers");
  const std::string weights = q.choice("weights", {"none", "cast", "sawb"}, "none");
  const std::string activations = q.choice("activations", {"none", "cast", "pact"}, "none");
  const std::string gradients = q.choice("gradients", {"none", "cast", "two_phase"}, "none");
  precision.weight_quantiser = weights == "sawb"   ? WeightQuantiser::sawb
                               : weights == "cast" ? WeightQuantiser::cast
                                                   : WeightQuantiser::none;
  precision.activation_quantiser = activations == "pact"   ? ActivationQuantiser::pact
                                   : activations == "cast" ? ActivationQuantiser::cast
                                                           : ActivationQuantiser::none;
  precision.gradient_quantiser = gradients == "two_phase" ? GradientQuantiser::two_phase
                                 : gradients == "cast"    ? GradientQuantiser::cast
                                                          : GradientQuantiser::none;
}

/// The three GEMMs and their quantisers: what `map` says, laid over `base`.
Precision read_precision(const MapReader& map, const Precision& base, bool training) {
  Precision precision = base;
  precision.fwd = read_gemm(map, "fwd", "activations", "weights", base.fwd);
  if (training) {
    precision.dgrad = read_gemm(map, "dgrad", "gradients", "weights", base.dgrad);
    precision.wgrad = read_gemm(map, "wgrad", "activations", "gradients", base.wgrad);
  }
  read_quantisers(map, precision);
  return precision;
}

RecipeException read_exception(const MapReader& map, const Recipe& recipe) {
  RecipeException exception;
  const std::string match = map.choice("match", {"first", "last", "conv1x1", "depthwise", "name"});
  exception.match = match == "first"       ? LayerMatch::first
                    : match == "last"      ? LayerMatch::last
                    : match == "conv1x1"   ? LayerMatch::conv1x1
                    : match == "depthwise" ? LayerMatch::depthwise
                                           : LayerMatch::name;
  if (exception.match == LayerMatch::name) exception.name = map.text("name");
  exception.precision = read_precision(map, recipe.precision, recipe.training);
  return exception;
}

}  // namespace

Recipe load_recipe(const std::string& name_or_path) {
  const YamlFile file = load_extended(Kind::recipe, name_or_path);
  file.require_schema("nibble/recipe/1");
  const MapReader root = file.root();
  Recipe recipe;
  recipe.file = file.name();
  recipe.name = root.text("name");
  recipe.description = root.text("description", "");
  recipe.training = root.boolean("training", true);
  recipe.precision = read_precision(root, {}, recipe.training);
  recipe.vector = read_format(root, "vector");
  recipe.saved = read_format(root, "saved", recipe.vector);
  recipe.gradient_exchange = recipe.training ? read_format(root, "gradient_exchange") : recipe.vector;
  if (recipe.training) {
    const MapReader optimizer = root.map("optimizer");
    recipe.optimizer = optimizer.choice("kind", {"sgd_momentum", "adam"}) == "adam" ? Optimizer::adam
                                                                                    : Optimizer::sgd_momentum;
    recipe.master_weights = read_format(optimizer, "master_weights");
    recipe.optimizer_state = read_format(optimizer, "state");
    recipe.stochastic_rounding = optimizer.boolean("stochastic_rounding", false);
  }
  if (root.has("exceptions")) {
    for (const MapReader& map : root.maps("exceptions")) recipe.exceptions.push_back(read_exception(map, recipe));
  }
  file.finish();
  recipe.hash = file.hash();
  return recipe;
}

}  // namespace nibble
