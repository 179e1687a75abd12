#include "sim/app/process_pool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <optional>
#include <system_error>

#include "models/base/error.hpp"
#include "sim/app/child_process.hpp"
#include "sim/app/interrupt.hpp"

namespace nibble {
namespace {

/// The jobs on their way, and what has become of those that ended.
class Pool {
 public:
  Pool(const std::vector<Job>& jobs, std::size_t at_once, const PoolProgress& progress)
      : jobs_{jobs},
        at_once_{std::max<std::size_t>(at_once, 1)},
        progress_{progress},
        outcomes_(jobs.size()) {}

  std::vector<std::string> run() {
    while (next_ < limit() || !running_.empty()) {
      start_more();
      wait_for_news();
    }
    std::vector<std::string> results;
    for (Outcome& outcome : outcomes_) {
      if (outcome.error) std::rethrow_exception(outcome.error);
      results.push_back(std::move(outcome.result));
    }
    return results;
  }

 private:
  struct Outcome {
    std::string result;
    std::exception_ptr error;
  };

  /// Jobs behind one that failed are of no use any more.
  [[nodiscard]] std::size_t limit() const { return failed_.value_or(jobs_.size()); }

  void start_more() {
    while (next_ < limit() && running_.size() < at_once_) {
      running_.push_back(std::make_unique<ChildProcess>(next_, jobs_[next_], signals_, bool{progress_}));
      ++next_;
    }
  }

  void wait_for_news() {
    std::vector<pollfd> files;
    for (const auto& child : running_) files.push_back({child->descriptor(), POLLIN, 0});
    const int ready = ::ppoll(files.data(), files.size(), nullptr, &signals_.while_waiting());
    signals_.check();
    if (ready < 0 && errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "waiting for runs");
    }
    for (std::size_t i = 0; ready > 0 && i < files.size(); ++i) {
      if (files[i].revents != 0) hear(*running_[i]);
    }
    std::erase_if(running_, [this](const auto& child) { return child->ended() || child->index() > limit(); });
  }

  void hear(ChildProcess& child) {
    child.read([&](std::size_t done, std::size_t total, const std::string& what) {
      if (progress_) progress_(ended_, jobs_[child.index()].name, done, total, what);
    });
    if (!child.ended()) return;
    ++ended_;
    Outcome& outcome = outcomes_[child.index()];
    try {
      outcome.result = child.result();
    } catch (...) {
      outcome.error = std::current_exception();
      failed_ = std::min(limit(), child.index());
    }
  }

  const std::vector<Job>& jobs_;
  std::size_t at_once_;
  const PoolProgress& progress_;
  InterruptGuard signals_;
  std::vector<std::unique_ptr<ChildProcess>> running_;
  std::vector<Outcome> outcomes_;
  std::optional<std::size_t> failed_;  ///< the first job in order that has failed so far
  std::size_t next_ = 0;
  std::size_t ended_ = 0;
};

}  // namespace

std::vector<std::string> run_in_processes(const std::vector<Job>& jobs, std::size_t at_once,
                                          const PoolProgress& progress) {
  return Pool{jobs, at_once, progress}.run();
}

std::size_t usable_processors() {
  cpu_set_t processors;
  if (::sched_getaffinity(0, sizeof processors, &processors) != 0) return 1;
  return std::max<std::size_t>(1, static_cast<std::size_t>(CPU_COUNT(&processors)));
}

}  // namespace nibble
