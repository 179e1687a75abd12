#pragma once

#include <string>

#include "models/config/yaml_node.hpp"

namespace nibble {

/// What `nibble show` prints, for people. Each reads and checks its file as a run would; errors as there.
[[nodiscard]] std::string describe_network(const std::string& name_or_path);  ///< layers, MACs, parameters
[[nodiscard]] std::string describe_accelerator(const std::string& name_or_path);  ///< peaks, then every value
[[nodiscard]] std::string describe_recipe(const std::string& name_or_path);
[[nodiscard]] std::string describe_technology(
    const std::string& name_or_path);  ///< event energies, then the rest
[[nodiscard]] std::string describe_grid(const std::string& name_or_path);
[[nodiscard]] std::string describe_link(const std::string& name_or_path);
[[nodiscard]] std::string describe_sweep(const std::string& name_or_path);  ///< axes, constraints, number of runs
[[nodiscard]] std::string describe_published(const std::string& name_or_path);  ///< every figure

/// Every value of a resolved file as a table: key path, value, source, note; what a heading says already
/// (schema, name, description) and the top key `left_out` are left out.
[[nodiscard]] std::string value_table(const YamlNode& root, const std::string& left_out = {});

}  // namespace nibble
