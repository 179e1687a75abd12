#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace nibble::test {

/// Runs `body` in a child process and returns its numbers: SystemC allows one machine a process, a test may want many.
/// An exception in the child comes back as std::runtime_error with its text.
inline std::vector<double> forked(const std::function<std::vector<double>()>& body) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error{"pipe failed"};
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    std::string text;
    char status = 'e';
    std::vector<double> numbers;
    try {
      numbers = body();
      status = 'n';
    } catch (const std::exception& error) {
      text = error.what();
    }
    const auto* bytes = status == 'n' ? reinterpret_cast<const char*>(numbers.data()) : text.data();
    const std::size_t size = status == 'n' ? numbers.size() * sizeof(double) : text.size();
    bool written = write(ends[1], &status, 1) == 1;
    for (std::size_t done = 0; written && done < size;) {
      const ssize_t n = write(ends[1], bytes + done, size - done);
      written = n > 0;
      if (written) done += static_cast<std::size_t>(n);
    }
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  std::string received;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) received.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (received.empty()) throw std::runtime_error{"the child died"};
  const std::string payload = received.substr(1);
  if (received.front() == 'e') throw std::runtime_error{payload};
  std::vector<double> numbers(payload.size() / sizeof(double));
  std::copy(payload.begin(), payload.end(), reinterpret_cast<char*>(numbers.data()));
  return numbers;
}

}  // namespace nibble::test
