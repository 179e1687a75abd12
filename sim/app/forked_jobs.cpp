#include "sim/app/forked_jobs.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>
#include <thread>
#include <vector>

#include "models/base/error.hpp"

namespace nibble {
namespace {

/// What the processes count together.
struct Counters {
  std::atomic<std::size_t> next{0}, done{0}, failed{0};
};

/// Memory that forked processes share.
class Shared {
 public:
  Shared() : memory_{mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)} {
    if (memory_ == MAP_FAILED) throw InternalError{"no memory to share with workers"};
    new (memory_) Counters;
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { munmap(memory_, sizeof(Counters)); }
  [[nodiscard]] Counters& counters() const { return *static_cast<Counters*>(memory_); }

 private:
  void* memory_;
};

void work(Counters& counters, std::size_t count, const std::function<void(std::size_t)>& job) {
  for (std::size_t i = counters.next++; i < count; i = counters.next++) {
    try {
      job(i);
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
      ++counters.failed;
    }
    ++counters.done;
  }
}

pid_t start(pid_t parent, Counters& counters, std::size_t count, const std::function<void(std::size_t)>& job) {
  const pid_t child = fork();
  if (child < 0) throw InternalError{"no process can be started"};
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() == parent) work(counters, count, job);
  _exit(0);
}

/// Whether one of the processes, which have ended since, was killed.
bool reap(std::vector<pid_t>& children) {
  bool killed = false;
  std::erase_if(children, [&](pid_t child) {
    int status = 0;
    if (waitpid(child, &status, WNOHANG) != child) return false;
    killed = killed || status != 0;
    return true;
  });
  return killed;
}

}  // namespace

void run_forked(std::size_t count, std::size_t workers, const std::function<void(std::size_t)>& job,
                const std::function<void(std::size_t)>& on_progress) {
  constexpr std::chrono::milliseconds kLook{100};
  const Shared shared;
  std::vector<pid_t> children;
  const pid_t parent = getpid();
  for (std::size_t i = 0; i < std::min(workers, count); ++i) {
    children.push_back(start(parent, shared.counters(), count, job));
  }
  bool killed = false;
  while (!children.empty()) {
    killed = reap(children) || killed;
    on_progress(shared.counters().done);
    if (!children.empty()) std::this_thread::sleep_for(kLook);
  }
  const std::size_t early = count - shared.counters().done + shared.counters().failed;
  if (killed || early != 0) {
    throw InputError{"REPRODUCE-RUN", fmt::format("{} of {} runs ended early", early, count),
                     "what is finished is kept: the same command goes on from there"};
  }
}

}  // namespace nibble
