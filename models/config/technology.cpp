#include "models/config/technology.hpp"

#include "models/config/extends.hpp"

namespace nibble {
namespace {

EventEnergy read_event(const MapReader& map) {
  EventEnergy event;
  event.energy = map.picojoules("energy", Picojoules{0}, Picojoules{1e6});
  event.per = map.text("per");
  event.source = map.source_of("energy");
  event.memory_only = map.boolean("from_memory", false);
  return event;
}

std::map<std::string, AreaEntry> read_areas(const MapReader& map) {
  std::map<std::string, AreaEntry> areas;
  for (const std::string& key : map.keys()) {
    const double value =
        key == "core.overhead"
            ? map.number(key, 1, 100)
            : map.square_millimetres(key, SquareMillimetres{0}, SquareMillimetres{1e4}).value();
    areas[key] = {value, map.source_of(key)};
  }
  return areas;
}

Fabrication read_fabrication(const MapReader& map) {
  Fabrication fab;
  fab.energy_kwh_per_cm2 = map.number("energy_kwh_per_cm2", 0, 100);
  fab.gas_g_per_cm2 = map.number("gas_g_per_cm2", 0, 1e5);
  fab.materials_g_per_cm2 = map.number("materials_g_per_cm2", 0, 1e5);
  fab.yield = map.number("yield", 0.01, 1);
  fab.grid_intensity =
      map.grams_per_kilowatt_hour("grid_intensity", GramsPerKilowattHour{0}, GramsPerKilowattHour{2000});
  fab.package = GramsCo2e{map.number("package_g", 0, 1e5)};
  const MapReader memories = map.map("memory_g_per_gb");
  for (const std::string& kind : memories.keys()) fab.memory_g_per_gb[kind] = memories.number(kind, 0, 1e4);
  fab.lifetime_years = map.number("lifetime_years", 0.1, 50);
  fab.utilisation = map.number("utilisation", 0.001, 1);
  return fab;
}

}  // namespace

Technology load_technology(const std::string& name_or_path, const Overrides& overrides) {
  const YamlFile file = load_extended(Kind::technology, name_or_path, overrides);
  file.require_schema("nibble/technology/1");
  const MapReader root = file.root();
  Technology technology;
  technology.file = file.name();
  technology.name = root.text("name");
  technology.description = root.text("description", "");
  technology.node_nm = root.number("node_nm", 1, 1000);
  technology.reference_voltage = root.volts("reference_voltage", Volts{0.2}, Volts{5});
  const MapReader events = root.map("events");
  for (const std::string& key : events.keys()) technology.events[key] = read_event(events.map(key));
  if (root.has("areas")) technology.areas = read_areas(root.map("areas"));
  const MapReader leakage = root.map("leakage");
  technology.leakage_w_per_mm2 = leakage.number("w_per_mm2", 0, 10);
  technology.leakage_source = leakage.source_of("w_per_mm2");
  technology.memory_only_leakage = leakage.boolean("from_memory", false);
  technology.fabrication = read_fabrication(root.map("fabrication"));
  file.finish();
  technology.hash = file.hash();
  return technology;
}

}  // namespace nibble
