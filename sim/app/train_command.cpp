#include <string>
#include <utility>
#include <vector>

#include "models/base/error.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/sibling_program.hpp"

namespace nibble {
namespace {

/// Becomes the training program; comes back only by an error.
void become_training_program(const std::string& name, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"nibble", name});
  become_sibling("nibble-training", std::move(arguments), "TRAIN-BUILD");
  throw InputError{"TRAIN-BUILD", "this nibble was built without training",
                   "install libtorch and zlib (Debian: apt install libtorch-dev zlib1g-dev), then run cmake and build again"};
}

void add_passed_on(CLI::App& program, const std::string& name, const std::string& what) {
  CLI::App* command = program.add_subcommand(name, what);
  command->set_help_flag();  // the training program has the options, and the help on them
  command->prefix_command();
  command->callback([command, name] { become_training_program(name, command->remaining()); });
}

}  // namespace

void add_training_commands(CLI::App& program) {
  add_passed_on(program, "train", "Train a network in few bits, for real");
  add_passed_on(program, "reproduce", "Train what the papers trained, and compare with their claims");
}

}  // namespace nibble
