#include "tests/golden/program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace nibble::test {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void become_nibble(const std::vector<std::string>& arguments, int out, int err) {
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  std::vector<char*> words;
  std::string program = NIBBLE_BINARY;
  words.push_back(program.data());
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  ::execv(NIBBLE_BINARY, words.data());
  ::_exit(127);
}

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

}  // namespace

Outcome nibble(const std::vector<std::string>& arguments, const std::string& out_to) {
  std::array<int, 2> out{}, err{};
  if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("pipe");
  const int file = out_to.empty() ? -1 : ::open(out_to.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  const pid_t child = ::fork();
  if (child == 0) become_nibble(arguments, file >= 0 ? file : out[1], err[1]);
  ::close(out[1]);
  ::close(err[1]);
  if (file >= 0) ::close(file);
  Outcome outcome;
  drain({out[0], err[0]}, {&outcome.out, &outcome.err});
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return outcome;
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
