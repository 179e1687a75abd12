#include "sim/app/application.hpp"
#include "sim/app/training/reproduce_command.hpp"
#include "sim/app/training/train_command.hpp"

// libsystemc brings a main of its own that calls sc_main; ours comes first.
extern "C" int sc_main(int /*argc*/, char** /*argv*/) { return 3; }

namespace {

void describe(CLI::App& program) {
  program.description("Training in few bits: the part of nibble that needs libtorch.");
  program.require_subcommand(1);
  program.get_formatter()->column_width(34);
  nibble::add_train_command(program);
  nibble::add_reproduce_command(program);
}

}  // namespace

int main(int argc, char** argv) { return nibble::run_program(argc, argv, describe); }
