#pragma once

#include "models/config/accelerator.hpp"
#include "models/config/yaml_reader.hpp"

namespace nibble {

/// What no single value can show: whether the parts of a machine fit one another. Notes CFG-CONFLICT problems
/// at the place of the value to change. `root` is the file that `accelerator` was read from, all of it well
/// formed.
void check_accelerator(const Accelerator& accelerator, const MapReader& root);

}  // namespace nibble
