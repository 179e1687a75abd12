#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "models/base/error.hpp"
#include "sim/app/commands.hpp"

namespace nibble {
namespace {

constexpr const char* kProgram = "nibble-training";

/// Beside this program, where both are built and installed.
std::filesystem::path training_program() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return self.parent_path() / kProgram;
}

/// Becomes the training program; comes back only if there is none.
void become_training_program(const std::string& name, std::vector<std::string> arguments) {
  const std::string path = training_program().string();
  arguments.insert(arguments.begin(), {"nibble", name});
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(path.c_str(), pointers.data());
  if (errno != ENOENT) throw InputError{"TRAIN-BUILD", fmt::format("{} does not start: {}", path, std::strerror(errno))};
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
