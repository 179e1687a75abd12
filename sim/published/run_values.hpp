#pragma once

#include <optional>
#include <string>

#include "models/config/yaml_node.hpp"
#include "sim/report/document.hpp"

namespace nibble {

/// An expression over the numbers of a run's document (`nibble explain` defines them). `layers`: over its GEMMs of layers
/// of that name together ('*' matches any characters), which have macs, cycles, time_s, utilisation and tops. Not set if the
/// expression has no value, or no layer is called so.
[[nodiscard]] std::optional<double> run_value(const Json& document, const std::string& expression, const std::string& layers);

/// InputError [PUB-METRIC] at `place` for a name that is no such number.
void check_expression(const std::string& expression, bool of_layers, const Place& place);

}  // namespace nibble
