#include <fmt/format.h>

#include "models/config/extends.hpp"
#include "models/config/grid.hpp"
#include "models/config/network_link.hpp"
#include "models/config/published.hpp"
#include "models/config/recipe.hpp"
#include "models/config/technology.hpp"
#include "sim/app/describe.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

template <class Config>
std::string heading(const Config& config) {
  return fmt::format("{}: {}\nfile {}\nhash {}\n\n", config.name, config.description, config.file,
                     config.hash);
}

std::string resolved_values(Kind kind, const std::string& name_or_path, const std::string& left_out = {}) {
  return value_table(load_extended(kind, name_or_path).tree(), left_out);
}

std::string event_table(const Technology& technology) {
  std::vector<std::string> events, energies, per, sources;
  for (const auto& [name, event] : technology.events) {
    events.push_back(name);
    energies.push_back(fmt::format("{:.4g}", event.energy.value()));
    per.push_back(event.per);
    sources.push_back(event.memory_only ? event.source + " (unverified)" : event.source);
  }
  const TableColumn energy{"", "energy", "pJ", false, std::move(energies)};
  return fmt::format("Energy of each event at {} V; 'unverified': no source settles the figure\n",
                     technology.reference_voltage.value()) +
         table_text({words("event", std::move(events)), energy, words("per", std::move(per)),
                     words("source", std::move(sources))});
}

}  // namespace

std::string describe_recipe(const std::string& name_or_path) {
  return heading(load_recipe(name_or_path)) + resolved_values(Kind::recipe, name_or_path);
}

std::string describe_grid(const std::string& name_or_path) {
  return heading(load_grid(name_or_path)) + resolved_values(Kind::grid, name_or_path);
}

std::string describe_link(const std::string& name_or_path) {
  return heading(load_network_link(name_or_path)) + resolved_values(Kind::link, name_or_path);
}

std::string describe_published(const std::string& name_or_path) {
  return heading(load_published(name_or_path)) + resolved_values(Kind::validation, name_or_path);
}

std::string describe_technology(const std::string& name_or_path) {
  const Technology technology = load_technology(name_or_path);
  return heading(technology) + event_table(technology) + "\n" +
         resolved_values(Kind::technology, name_or_path, "events");
}

}  // namespace nibble
