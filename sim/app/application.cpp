#include "sim/app/application.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "models/base/error.hpp"
#include "models/base/freed_memory.hpp"
#include "sim/app/commands.hpp"
#include "sim/app/interrupt.hpp"
#include "sim/app/mpi_launch.hpp"
#include "sim/app/numerics_command.hpp"

namespace nibble {
namespace {

constexpr int kDone = 0;
constexpr int kLawFailed = 1;
constexpr int kInputWrong = 2;
constexpr int kProgramAtFault = 3;

constexpr const char* kExamples = R"(Examples:
  nibble compare --network resnet50 --batch 64 --runs fp32@rapid-fp32,fp16@rapid,hfp8@rapid,fp4@rapid-fp4
  nibble run --network bert-base --accelerator rapid --recipe hfp8 --batch 8 --layers
  nibble list networks
  nibble show accelerator rapid
  nibble explain utilisation
  nibble validate --only spyre
  nibble verify --cases 20

Exit codes: 0 done, 1 a law or a validation failed, 2 the input was wrong, 3 the program is at fault.)";

void describe_nibble(CLI::App& program) {
  program.description(
      "Nibble: time, energy and carbon of whole training steps on low-precision AI accelerators.");
  program.footer(kExamples);
  program.set_version_flag("--version", "nibble " NIBBLE_VERSION, "Print the program's version");
  program.require_subcommand(1);
  program.get_formatter()->column_width(34);
  add_run_command(program);
  add_compare_command(program);
  add_scaling_command(program);
  add_split_command(program);
  add_sensitivity_command(program);
  add_list_command(program);
  add_show_command(program);
  add_explain_command(program);
  add_sweep_command(program);
  add_results_command(program);
  add_merge_command(program);
  add_validate_command(program);
  add_verify_command(program);
  add_numerics_command(program);
  add_training_commands(program);
}

/// Long options and command names that could have been meant where `command` stopped understanding.
std::vector<std::string> known_words(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(sub->get_name());
  }
  return words;
}

InputError usage_error(const CLI::App& program, const CLI::ParseError& error) {
  const std::vector<CLI::App*> parsed = program.get_subcommands();
  const CLI::App& command = parsed.empty() ? program : *parsed.front();
  const std::vector<std::string> unknown = program.remaining(true);
  const std::string near = unknown.empty() ? "" : nearest_word(unknown.front(), known_words(command));
  if (!unknown.empty()) {
    const std::string what =
        fmt::format("'{}' is not an option or command of '{}'", unknown.front(), command.get_name());
    if (!near.empty()) return InputError("CLI-USAGE", what, fmt::format("did you mean '{}'?", near));
    return InputError(
        "CLI-USAGE", what,
        fmt::format("see: {} --help", parsed.empty() ? "nibble" : "nibble " + command.get_name()));
  }
  return InputError(
      "CLI-USAGE", error.what(),
      fmt::format("see: {} --help", parsed.empty() ? "nibble" : "nibble " + command.get_name()));
}

void run_commands(int argc, const char* const* argv, const std::function<void(CLI::App&)>& describe) {
  CLI::App program{"", "nibble"};
  describe(program);
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    program.exit(help_or_version);
  } catch (const CLI::ParseError& error) {
    throw usage_error(program, error);
  }
}

int failure(int code, const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  return code;
}

}  // namespace

int run_guarded(const std::function<void()>& work) {
  keep_freed_memory();
  try {
    work();
    return kDone;
  } catch (const Interrupted& interrupted) {
    interrupted.raise_again();
    return kProgramAtFault;
  } catch (const InputError& error) {
    const std::size_t problems = error.problems().size();
    return failure(kInputWrong,
                   problems > 1 ? fmt::format("{}\n{} problems", error.what(), problems) : error.what());
  } catch (const LawError& error) {
    return failure(kLawFailed, fmt::format("error [LAW] {}", error.what()));
  } catch (const std::bad_alloc&) {
    return failure(kProgramAtFault, "error [MEMORY] the machine has no more memory to give");
  } catch (const std::exception& error) {
    return failure(kProgramAtFault,
                   fmt::format("error [INTERNAL] {}\n    this is a fault of the program: please report "
                               "it with the command line that you gave",
                               error.what()));
  }
}

int run_program(int argc, const char* const* argv, const std::function<void(CLI::App&)>& describe) {
  return run_guarded([&] { run_commands(argc, argv, describe); });
}

int run_application(int argc, const char* const* argv) {
  return run_guarded([&] {
    become_rank_of_mpi(argc, argv);
    run_commands(argc, argv, describe_nibble);
  });
}

}  // namespace nibble
