#include <memory>

#include "sim/app/commands.hpp"
#include "sim/app/kinds.hpp"
#include "sim/app/options.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Examples:
  nibble list
  nibble list networks
  nibble list accelerators)";

/// Names and descriptions of one kind.
std::string listing(Kind kind) {
  std::vector<std::string> names = shipped_names(kind);
  std::vector<std::string> descriptions;
  for (const std::string& name : names) descriptions.push_back(description_of(kind, name));
  return table_text(
      {words(kind_name(kind), std::move(names)), words("description", std::move(descriptions))});
}

void list(const std::string& word) {
  if (!word.empty()) {
    print(listing(parse_kind(word)));
    return;
  }
  std::string all;
  for (const Kind kind : kKinds) all += (all.empty() ? "" : "\n") + listing(kind);
  print(all);
}

}  // namespace

void add_list_command(CLI::App& program) {
  auto kind = std::make_shared<std::string>();
  CLI::App* command = program.add_subcommand("list", "List the shipped files of a kind, or of all kinds");
  command->footer(kExamples);
  command->add_option("kind", *kind, "networks, accelerators, recipes, technologies, grids, links, sweeps or validations");
  command->callback([kind] { list(*kind); });
}

}  // namespace nibble
