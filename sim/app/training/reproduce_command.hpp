#pragma once

#include <CLI/CLI.hpp>

namespace nibble {

/// `nibble-training reproduce`: what `nibble reproduce` starts.
void add_reproduce_command(CLI::App& program);

}  // namespace nibble
