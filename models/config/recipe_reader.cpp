#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "models/config/extends.hpp"
#include "models/config/field_readers.hpp"
#include "models/config/recipe.hpp"

namespace nibble {
namespace {

const Words<WeightQuantiser> kWeightQuantisers{
    {"none", WeightQuantiser::none}, {"cast", WeightQuantiser::cast}, {"sawb", WeightQuantiser::sawb}};
const Words<ActivationQuantiser> kActivationQuantisers{{"none", ActivationQuantiser::none},
                                                       {"cast", ActivationQuantiser::cast},
                                                       {"pact", ActivationQuantiser::pact}};
const Words<GradientQuantiser> kGradientQuantisers{{"none", GradientQuantiser::none},
                                                   {"cast", GradientQuantiser::cast},
                                                   {"two_phase", GradientQuantiser::two_phase},
                                                   {"luq", GradientQuantiser::luq},
                                                   {"stochastic", GradientQuantiser::stochastic}};
const Words<Optimizer> kOptimizers{{"sgd_momentum", Optimizer::sgd_momentum}, {"adam", Optimizer::adam}};
const Words<LayerMatch> kMatches{{"first", LayerMatch::first},
                                 {"last", LayerMatch::last},
                                 {"conv1x1", LayerMatch::conv1x1},
                                 {"depthwise", LayerMatch::depthwise},
                                 {"name", LayerMatch::name}};

/// What the file calls the two operands of a GEMM.
struct GemmKeys {
  const char* gemm;
  const char* a;
  const char* b;
};
constexpr GemmKeys kFwd{"fwd", "activations", "weights"};
constexpr GemmKeys kDgrad{"dgrad", "gradients", "weights"};
constexpr GemmKeys kWgrad{"wgrad", "activations", "gradients"};

/// What `map` says of a GEMM, laid over `base`; without a base every format is required.
GemmFormats read_gemm(const MapReader& map, const GemmKeys& keys, const GemmFormats* base) {
  if (base != nullptr && !map.has(keys.gemm)) return *base;
  const MapReader gemm = map.map(keys.gemm);
  const auto format = [&](const char* key, std::string GemmFormats::*member) {
    return read_format(gemm, key, base == nullptr ? std::nullopt : std::optional{base->*member});
  };
  return {format(keys.a, &GemmFormats::a), format(keys.b, &GemmFormats::b),
          format("output", &GemmFormats::output)};
}

/// A quantiser makes one kind of code; naming it with operands of another kind is a slip in either. `map` is
/// the recipe or an exception, which may have kept the recipe's quantisers while it changed the formats.
void check_quantisers(const MapReader& map, const Precision& precision, bool training) {
  const auto conflict = [&](const std::string& operand, const char* quantiser, const char* gemm,
                            const std::string& format, const char* makes) {
    if (map.has("quantisers") && map.map("quantisers").has(operand)) {
      const MapReader own = map.map("quantisers");
      own.problem(operand, "CFG-CONFLICT",
                  fmt::format("{} = {}, but the {} are {}", own.path_of(operand), quantiser, operand, format),
                  fmt::format("{} makes {}", quantiser, makes));
      return;
    }
    map.problem(gemm, "CFG-CONFLICT",
                fmt::format("the {} of {} are {}, but their quantiser is still {}", operand,
                            map.path_of(gemm), format, quantiser),
                fmt::format("{} makes {}: give quantisers.{}, too", quantiser, makes, operand));
  };
  const auto integer = [](const std::string& format) { return format.starts_with("int"); };
  if (precision.weight_quantiser == WeightQuantiser::sawb && !integer(precision.fwd.b)) {
    conflict("weights", "sawb", "fwd", precision.fwd.b, "integer codes");
  }
  if (precision.activation_quantiser == ActivationQuantiser::pact && !integer(precision.fwd.a)) {
    conflict("activations", "pact", "fwd", precision.fwd.a, "integer codes");
  }
  if (training && precision.gradient_quantiser == GradientQuantiser::two_phase &&
      precision.dgrad.a != "fp4-radix4") {
    conflict("gradients", "two_phase", "dgrad", precision.dgrad.a, "fp4-radix4 codes");
  }
  if (training && precision.gradient_quantiser == GradientQuantiser::luq && precision.dgrad.a != "fp4-luq") {
    conflict("gradients", "luq", "dgrad", precision.dgrad.a, "fp4-luq codes");
  }
}

/// The GEMMs and their quantisers: what `map` says, laid over `base` (nullptr: the recipe itself).
Precision read_precision(const MapReader& map, const Precision* base, bool training) {
  Precision precision = base == nullptr ? Precision{} : *base;
  precision.fwd = read_gemm(map, kFwd, base == nullptr ? nullptr : &base->fwd);
  if (training) {
    precision.dgrad = read_gemm(map, kDgrad, base == nullptr ? nullptr : &base->dgrad);
    precision.wgrad = read_gemm(map, kWgrad, base == nullptr ? nullptr : &base->wgrad);
  }
  if (!map.has("quantisers")) return precision;
  const MapReader quantisers = map.map("quantisers");
  precision.weight_quantiser =
      read_enum(quantisers, "weights", kWeightQuantisers, std::optional{precision.weight_quantiser});
  precision.activation_quantiser = read_enum(quantisers, "activations", kActivationQuantisers,
                                             std::optional{precision.activation_quantiser});
  if (training) {
    precision.gradient_quantiser =
        read_enum(quantisers, "gradients", kGradientQuantisers, std::optional{precision.gradient_quantiser});
  }
  return precision;
}

RecipeException read_exception(const MapReader& map, const Recipe& recipe) {
  RecipeException exception;
  exception.match = read_enum(map, "match", kMatches);
  if (exception.match == LayerMatch::name) exception.name = map.text("name");
  exception.precision = read_precision(map, &recipe.precision, recipe.training);
  return exception;
}

void read_update(const MapReader& root, Recipe& recipe) {
  recipe.gradient_exchange = read_format(root, "gradient_exchange");
  const MapReader optimizer = root.map("optimizer");
  recipe.optimizer = read_enum(optimizer, "kind", kOptimizers);
  recipe.master_weights = read_format(optimizer, "master_weights");
  recipe.optimizer_state = read_format(optimizer, "state");
  recipe.stochastic_rounding = optimizer.boolean("stochastic_rounding", false);
}

/// The precision as a whole, once all of it is known: of the recipe and of each exception.
void check_recipe(const Recipe& recipe, const MapReader& root) {
  check_quantisers(root, recipe.precision, recipe.training);
  if (recipe.exceptions.empty()) return;
  std::size_t i = 0;
  for (const MapReader& map : root.maps("exceptions")) {
    check_quantisers(map, recipe.exceptions[i++].precision, recipe.training);
  }
}

}  // namespace

Recipe load_recipe(const std::string& name_or_path, const Overrides& overrides) {
  const YamlFile file = load_extended(Kind::recipe, name_or_path, overrides);
  file.require_schema("nibble/recipe/1");
  const MapReader root = file.root();
  Recipe recipe;
  recipe.file = file.name();
  recipe.name = root.text("name");
  recipe.description = root.text("description", "");
  recipe.training = root.boolean("training", true);
  recipe.precision = read_precision(root, nullptr, recipe.training);
  recipe.vector = read_format(root, "vector");
  recipe.saved = recipe.gradient_exchange = recipe.vector;  // inference keeps and exchanges nothing
  if (recipe.training) {
    recipe.saved = read_format(root, "saved");
    read_update(root, recipe);
  }
  if (root.has("exceptions")) {
    for (const MapReader& map : root.maps("exceptions"))
      recipe.exceptions.push_back(read_exception(map, recipe));
  }
  if (file.ok()) check_recipe(recipe, root);
  file.finish();
  recipe.hash = file.hash();
  return recipe;
}

}  // namespace nibble
