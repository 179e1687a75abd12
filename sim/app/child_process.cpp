#include "sim/app/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <system_error>

#include "models/base/error.hpp"
#include "sim/app/error_transfer.hpp"
#include "sim/report/atomic_file.hpp"

namespace nibble {
namespace {

constexpr auto kBetweenReports = std::chrono::milliseconds{50};

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void send(int pipe, const Json& message) {
  write_all(pipe, message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n",
            "the pipe to the parent");
}

/// The child's whole life after the fork.
void work(const Job& job, int pipe, bool talkative) {
  auto last = std::chrono::steady_clock::now() - kBetweenReports;
  const auto report = [&](std::size_t done, std::size_t total, const std::string& what) {
    const auto now = std::chrono::steady_clock::now();
    if (!talkative || now - last < kBetweenReports) return;
    last = now;
    send(pipe, {{"progress", {done, total, what}}});
  };
  Json last_word;
  try {
    last_word = {{"result", job.work(report)}};
  } catch (...) {
    last_word = {{"error", error_to_json(std::current_exception())}};
  }
  send(pipe, last_word);
}

std::string ending(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return fmt::format("was killed by signal {} ({}){}", signal, ::strsignal(signal),
                       signal == SIGKILL ? "; the machine may have run out of memory" : "");
  }
  return fmt::format("ended with code {} and without a result", WEXITSTATUS(status));
}

}  // namespace

ChildProcess::ChildProcess(std::size_t index, const Job& job, const InterruptGuard& signals, bool talkative)
    : index_{index}, name_{job.name} {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("making a pipe");
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // the parent ended before the line above
    signals.release_in_child();
    ::close(ends[0]);
    int code = 0;
    try {
      work(job, ends[1], talkative);
    } catch (...) {
      code = 1;  // the parent does not listen any more
    }
    ::_exit(code);  // no destructors, no buffers: they are the parent's
  }
  ::close(ends[1]);
  pipe_ = ends[0];
  if (pid_ < 0) {
    ::close(pipe_);
    fail("starting a process");
  }
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    end();
  }
}

void ChildProcess::end() {
  ::close(pipe_);
  pipe_ = -1;
  while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void ChildProcess::read(const std::function<void(std::size_t, std::size_t, const std::string&)>& progress) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(pipe_, buffer.data(), buffer.size());
  if (count < 0 && errno == EINTR) return;
  if (count <= 0) {
    end();
    return;
  }
  const std::size_t searched = unread_.size();
  unread_.append(buffer.data(), static_cast<std::size_t>(count));
  std::size_t begin = 0;
  for (std::size_t newline = unread_.find('\n', searched); newline != std::string::npos;
       newline = unread_.find('\n', begin)) {
    Json message = Json::parse(unread_.begin() + static_cast<std::ptrdiff_t>(begin),
                               unread_.begin() + static_cast<std::ptrdiff_t>(newline));
    begin = newline + 1;
    if (const auto report = message.find("progress"); report != message.end()) {
      progress(report->at(0), report->at(1), report->at(2));
    } else {
      last_word_ = std::move(message);
    }
  }
  unread_.erase(0, begin);
}

std::string ChildProcess::result() const {
  if (!last_word_) throw InternalError(fmt::format("the run {} {}", name_, ending(status_)));
  if (last_word_->contains("error")) std::rethrow_exception(error_from_json(last_word_->at("error")));
  return last_word_->at("result");
}

}  // namespace nibble
