#include <memory>

#include "sim/app/commands.hpp"
#include "sim/app/options.hpp"
#include "sim/report/metrics.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

constexpr const char* kExamples = R"(Examples:
  nibble explain utilisation
  nibble explain energy_j
  nibble explain layers.stalls.memory
  nibble explain            lists every name)";

std::string all_names() {
  std::vector<std::string> names;
  std::vector<std::string> units;
  for (const Metric& metric : metrics()) {
    names.emplace_back(metric.name);
    units.emplace_back(metric.unit);
  }
  return table_text({words("metric", std::move(names)), words("unit", std::move(units))});
}

std::string explanations(const std::string& word) {
  std::string text;
  for (const Metric* metric : find_metrics(word)) text += (text.empty() ? "" : "\n") + explanation(*metric);
  return text;
}

}  // namespace

void add_explain_command(CLI::App& program) {
  auto word = std::make_shared<std::string>();
  CLI::App* command = program.add_subcommand(
      "explain", "Say what a reported number means: unit, definition, denominator, code");
  command->footer(kExamples);
  command->add_option("metric", *word, "A name of JSON or CSV, in full or its first or last part");
  command->callback([word] { print(word->empty() ? all_names() : explanations(*word)); });
}

}  // namespace nibble
