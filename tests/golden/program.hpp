#pragma once

#include <string>
#include <vector>

#include "sim/report/document.hpp"

namespace nibble::test {

/// What the program did: its streams, and its exit code as a shell gives it (128 + signal when one killed
/// it).
struct Outcome {
  int code = -1;
  std::string out, err;
};

/// Runs the real binary. `out_to`: a file to give it as stdout instead of the pipe that is read here.
[[nodiscard]] Outcome nibble(const std::vector<std::string>& arguments, const std::string& out_to = {});

/// Runs any program that the PATH finds, in the same way.
[[nodiscard]] Outcome run(const std::vector<std::string>& command, const std::string& out_to = {});

/// Starts a program whose output nobody reads; for those who kill it.
[[nodiscard]] int start(const std::vector<std::string>& command);
/// Waits for its end: the exit code, or 128 + the signal.
[[nodiscard]] int end_of(int process);
/// True if it ends within some seconds; waits for no longer, and leaves its exit code to end_of.
[[nodiscard]] bool ends_within(int process, int seconds);
/// Children of a process, at this moment.
[[nodiscard]] std::vector<int> children_of(int process);
/// True if nothing of a process runs any more, whether or not its parent has asked how it ended.
[[nodiscard]] bool dead(int process);
/// Waits until a process is there no more; false after a minute.
[[nodiscard]] bool gone(int process);

/// Runs it, expects success without a message, and reads its --format json output.
[[nodiscard]] Json nibble_json(std::vector<std::string> arguments);

/// A folder that is gone with everything in it at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Writes a file of this content and returns its path.
  [[nodiscard]] std::string write(const std::string& name, const std::string& content) const;
  [[nodiscard]] std::size_t count() const;

 private:
  std::string path_;
};

[[nodiscard]] std::string content_of(const std::string& path);

}  // namespace nibble::test
