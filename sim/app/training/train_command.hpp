#pragma once

#include <CLI/CLI.hpp>

namespace nibble {

/// `nibble-training train`: what `nibble train` starts.
void add_train_command(CLI::App& program);

}  // namespace nibble
