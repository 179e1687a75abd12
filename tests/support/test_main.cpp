#include <gmock/gmock.h>

// libsystemc brings a main of its own that calls sc_main. Ours comes first; sc_main must never run, or a green
// result could mean that no test did.
extern "C" int sc_main(int /*argc*/, char** /*argv*/) { return 99; }

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
