#include "tests/golden/program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <thread>

namespace nibble::test {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void become(const std::vector<std::string>& command, int out, int err) {
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words.front(), words.data());
  ::_exit(127);
}

int code_of(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

/// Reads both pipes to their ends together: neither can fill up while the other is waited for.
void drain(std::array<int, 2> pipes, std::array<std::string*, 2> texts) {
  std::array<char, 65536> buffer;
  while (pipes[0] >= 0 || pipes[1] >= 0) {
    std::array<pollfd, 2> files{{{pipes[0], POLLIN, 0}, {pipes[1], POLLIN, 0}}};
    ::poll(files.data(), files.size(), -1);
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (files[i].revents == 0) continue;
      const ssize_t count = ::read(pipes[i], buffer.data(), buffer.size());
      if (count > 0) {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(count));
      } else {
        ::close(pipes[i]);
        pipes[i] = -1;
      }
    }
  }
}

/// Asks every ten milliseconds.
bool within(int seconds, const std::function<bool()>& happened) {
  for (int tries = 0; tries < 100 * seconds; ++tries) {
    if (happened()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

}  // namespace

Outcome run(const std::vector<std::string>& command, const std::string& out_to) {
  std::array<int, 2> out{}, err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("pipe");
  const int file = out_to.empty() ? -1 : ::open(out_to.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  const pid_t child = ::fork();
  if (child == 0) become(command, file >= 0 ? file : out[1], err[1]);
  ::close(out[1]);
  ::close(err[1]);
  if (file >= 0) ::close(file);
  Outcome outcome;
  drain({out[0], err[0]}, {&outcome.out, &outcome.err});
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.code = code_of(status);
  return outcome;
}

Outcome nibble(const std::vector<std::string>& arguments, const std::string& out_to) {
  std::vector<std::string> command{NIBBLE_BINARY};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run(command, out_to);
}

int start(const std::vector<std::string>& command) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int nowhere = ::open("/dev/null", O_WRONLY);
  become(command, nowhere, nowhere);
}

int end_of(int process) {
  int status = 0;
  ::waitpid(process, &status, 0);
  return code_of(status);
}

bool dead(int process) {
  std::ifstream file{"/proc/" + std::to_string(process) + "/stat"};
  const std::string state{std::istreambuf_iterator<char>{file}, {}};
  const std::size_t name_end = state.rfind(')');  // a name may hold anything
  return name_end == std::string::npos || name_end + 2 >= state.size() || state[name_end + 2] == 'Z' || state[name_end + 2] == 'X';
}

std::vector<int> children_of(int process) {
  const std::string id = std::to_string(process);
  std::ifstream file{"/proc/" + id + "/task/" + id + "/children"};
  std::vector<int> children;
  for (int child; file >> child;) children.push_back(child);
  return children;
}

bool ends_within(int process, int seconds) {
  return within(seconds, [&] { return dead(process); });
}

bool gone(int process) {
  return within(60, [&] { return ::kill(process, 0) != 0; });
}

Json nibble_json(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--format", "json"});
  const Outcome outcome = nibble(arguments);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  return Json::parse(outcome.out);
}

TemporaryFolder::TemporaryFolder() {
  path_ = (fs::temp_directory_path() / "nibble-test-XXXXXX").string();
  if (!::mkdtemp(path_.data())) throw std::runtime_error("mkdtemp");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& content) const {
  std::ofstream{file(name)} << content;
  return file(name);
}

std::size_t TemporaryFolder::count() const {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator{path_}, fs::directory_iterator{}));
}

std::string content_of(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace nibble::test
