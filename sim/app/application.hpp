#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace nibble {

/// The whole program: reads the command line, does what it says, reports what went wrong to stderr.
///
/// Returns the exit code: 0 done, 1 a law or a validation failed, 2 the input was wrong (the command line, a
/// file, an output that cannot be written), 3 the program is at fault. A signal that stopped it is raised
/// again, so that a shell sees the truth.
[[nodiscard]] int run_application(int argc, const char* const* argv);

/// The same for another program of the house, whose commands `describe` adds.
[[nodiscard]] int run_program(int argc, const char* const* argv, const std::function<void(CLI::App&)>& describe);

/// Does the work of a program; what it throws becomes a message and the exit code, as above.
[[nodiscard]] int run_guarded(const std::function<void()>& work);

}  // namespace nibble
