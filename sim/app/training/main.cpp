#include <malloc.h>

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

/// A step allocates and frees the same megabytes of tensors again and again: keep them, instead of having the kernel
/// clear fresh pages each time, which takes a third of the training.
static void keep_freed_memory() {
  constexpr int kLargest = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kLargest);
  mallopt(M_TRIM_THRESHOLD, kLargest);
}

int main(int argc, char** argv) {
  keep_freed_memory();
  return nibble::run_program(argc, argv, describe);
}
