#include "sim/app/application.hpp"

// libsystemc brings a main of its own that calls sc_main. Ours comes first; modules are built by library
// calls.
extern "C" int sc_main(int /*argc*/, char** /*argv*/) { return 3; }

int main(int argc, char** argv) { return nibble::run_application(argc, argv); }
