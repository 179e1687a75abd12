// Proves, through the real binary: Ctrl-C ends it and all its children; a killed child is exit code 3 with
// the reason.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/golden/program.hpp"

namespace nibble {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Starts a comparison that would take minutes, on a chip whose memory holds its batch, with its messages in a file.
pid_t start_long_comparison(const test::TemporaryFolder& folder) {
  const std::string chip = folder.write(
      "roomy.yaml", "schema: nibble/accelerator/1\nextends: rapid\nname: roomy\nmemory: {capacity: 4096 GiB}\n");
  const std::string messages = folder.file("messages"), runs = "fp16@" + chip + ",hfp8@" + chip;
  const pid_t program = ::fork();
  if (program != 0) return program;
  ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
  ::dup2(::open(messages.c_str(), O_WRONLY | O_CREAT, 0644), STDERR_FILENO);
  ::execl(NIBBLE_BINARY, NIBBLE_BINARY, "compare", "--network", "vgg16", "--batch", "20000", "--no-memoise",
          "--runs", runs.c_str(), "--jobs", "2", nullptr);
  ::_exit(127);
}

std::vector<pid_t> wait_for_children(pid_t parent) {
  for (int tries = 0; tries < 1000; ++tries) {
    if (const std::vector<pid_t> children = test::children_of(parent); children.size() == 2) return children;
    std::this_thread::sleep_for(10ms);
  }
  ADD_FAILURE() << "the comparison started no two processes";
  return {};
}

TEST(Interruption, CtrlCEndsTheProgramAndItsChildren) {
  const test::TemporaryFolder folder;
  const pid_t program = start_long_comparison(folder);
  const std::vector<pid_t> children = wait_for_children(program);
  ::kill(program, SIGINT);
  EXPECT_EQ(test::end_of(program), 128 + SIGINT) << "a shell has to see that it was interrupted";
  for (const pid_t child : children) EXPECT_TRUE(test::gone(child));
}

TEST(Interruption, ChildrenDoNotOutliveAProgramThatIsKilled) {
  const test::TemporaryFolder folder;
  const pid_t program = start_long_comparison(folder);
  const std::vector<pid_t> children = wait_for_children(program);
  ::kill(program, SIGKILL);
  static_cast<void>(test::end_of(program));
  for (const pid_t child : children) EXPECT_TRUE(test::gone(child));
}

TEST(Interruption, AKilledChildIsCodeThreeWithTheReason) {
  const test::TemporaryFolder folder;
  const pid_t program = start_long_comparison(folder);
  const std::vector<pid_t> children = wait_for_children(program);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  EXPECT_EQ(test::end_of(program), 3);
  EXPECT_THAT(test::content_of(folder.file("messages")), HasSubstr("killed by signal 9"));
}

}  // namespace
}  // namespace nibble
