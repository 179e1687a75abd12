#include "models/config/grid.hpp"

#include "models/config/extends.hpp"

namespace nibble {

Grid load_grid(const std::string& name_or_path, const Overrides& overrides) {
  const YamlFile file = load_extended(Kind::grid, name_or_path, overrides);
  file.require_schema("nibble/grid/1");
  const MapReader root = file.root();
  Grid grid;
  grid.file = file.name();
  grid.name = root.text("name");
  grid.description = root.text("description", "");
  grid.intensity =
      root.grams_per_kilowatt_hour("intensity", GramsPerKilowattHour{0}, GramsPerKilowattHour{2000});
  grid.year = static_cast<int>(root.integer("year", 1990, 2100));
  grid.pue = root.number("pue", 1.0, 3.0);
  grid.source = root.source_of("intensity");
  file.finish();
  grid.hash = file.hash();
  return grid;
}

}  // namespace nibble
