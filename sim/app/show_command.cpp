#include <memory>

#include "models/base/error.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/describe.hpp"
#include "sim/app/kinds.hpp"
#include "sim/app/options.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Examples:
  nibble show accelerator rapid     peak TOPS and TOPS/W of each mode, the published ones, and every value
  nibble show network resnet50      layers, MACs, parameters
  nibble show recipe fp4
  nibble show technology ibm-7nm    energy of every event, with its source
  nibble show sweep edge            axes, constraints, objectives, how many runs
  nibble show validation peaks      published figures, their sources, and how ours are got
  nibble show accelerator my_chip.yaml)";

std::string describe(Kind kind, const std::string& name) {
  switch (kind) {
    case Kind::network:
      return describe_network(name);
    case Kind::accelerator:
      return describe_accelerator(name);
    case Kind::recipe:
      return describe_recipe(name);
    case Kind::technology:
      return describe_technology(name);
    case Kind::grid:
      return describe_grid(name);
    case Kind::link:
      return describe_link(name);
    case Kind::sweep:
      return describe_sweep(name);
    case Kind::validation:
      return describe_published(name);
  }
  throw InternalError("a kind that show does not know");
}

}  // namespace

void add_show_command(CLI::App& program) {
  struct Options {
    std::string kind, name;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      program.add_subcommand("show", "Show one file as it is understood: every value with its source");
  command->footer(kExamples);
  command->add_option("kind", options->kind, "network, accelerator, recipe, technology, grid, link, sweep or validation")->required();
  command->add_option("name", options->name, "A shipped name or the path of a file")->required();
  command->callback([options] { print(describe(parse_kind(options->kind), options->name)); });
}

}  // namespace nibble
