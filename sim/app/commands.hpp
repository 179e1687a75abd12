#pragma once

#include <CLI/CLI.hpp>

/// The commands of the program: each adds itself with its options, help and examples; parsing a command line
/// then runs the command that it names. What goes wrong is thrown (models/base/error.hpp).
namespace nibble {

void add_run_command(CLI::App& program);
void add_compare_command(CLI::App& program);
void add_scaling_command(CLI::App& program);
void add_split_command(CLI::App& program);
void add_sensitivity_command(CLI::App& program);
void add_list_command(CLI::App& program);
void add_show_command(CLI::App& program);
void add_explain_command(CLI::App& program);
void add_sweep_command(CLI::App& program);
void add_results_command(CLI::App& program);
void add_merge_command(CLI::App& program);
/// `train`, `reproduce`: passed on to the program nibble-training, which needs libtorch.
void add_training_commands(CLI::App& program);
void add_validate_command(CLI::App& program);
void add_verify_command(CLI::App& program);

}  // namespace nibble
