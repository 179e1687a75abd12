#include "sim/app/sweep_pool.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "models/base/error.hpp"

namespace nibble {
namespace {

using Clock = std::chrono::steady_clock;

std::string answer(const DesignSpace& space, const SweepTask& task, KernelCache& kernels) {
  static_cast<void>(kernels.take_fresh());
  const ResultRow row = evaluate(space, task, kernels);
  return Json{{"row", row}, {"kernels", kernels_to_json(kernels.take_fresh())}}.dump();
}

}  // namespace

void SweepPool::start(const SweepTask& task, int attempt) {
  const std::string name = fmt::format("of point {}", task.point);
  const Job job{name, [this, task](const auto&) { return answer(space_, task, kernels_); }};
  const auto deadline = timeout_.count() > 0 ? Clock::now() + timeout_ : Clock::time_point::max();
  running_.push_back({std::make_unique<ChildProcess>(task.point, job, signals_, false), task, attempt, deadline});
}

void SweepPool::wait() {
  std::vector<pollfd> files;
  auto next = Clock::time_point::max();
  for (const Running& running : running_) {
    files.push_back({running.child->descriptor(), POLLIN, 0});
    next = std::min(next, running.deadline);
  }
  timespec rest{};
  const bool bounded = next != Clock::time_point::max();
  if (bounded) {
    const auto left = std::max(next - Clock::now(), Clock::duration::zero());
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
    rest = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  }
  const int ready = ::ppoll(files.data(), files.size(), bounded ? &rest : nullptr, &signals_.while_waiting());
  signals_.check();
  if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "waiting for points");
  for (std::size_t i = 0; ready > 0 && i < files.size(); ++i) {
    if (files[i].revents != 0) running_[i].child->read([](std::size_t, std::size_t, const std::string&) {});
  }
}

void SweepPool::take_in(Running& running, const RowSink& finished) {
  try {
    const Json message = Json::parse(running.child->result());
    for (KernelCache::Entry& kernel : kernels_from_json(message.at("kernels"))) kernels_.add(std::move(kernel));
    finished(message.at("row"));
  } catch (const InternalError& error) {
    // Tried again from a clean slate; only a point that fails every time is at fault itself.
    if (running.attempt < kAttempts) {
      start(running.task, running.attempt + 1);
    } else {
      finished(failed_row(space_, running.task, error.what()));
    }
  }
}

void SweepPool::run(const std::vector<SweepTask>& tasks, const RowSink& finished) {
  std::size_t next = 0;
  while (next < tasks.size() || !running_.empty()) {
    while (next < tasks.size() && running_.size() < jobs_) start(tasks[next++], 1);
    wait();
    std::vector<Running> ended;
    for (Running& running : running_) {
      if (running.child->ended() || Clock::now() >= running.deadline) ended.push_back(std::move(running));
    }
    std::erase_if(running_, [](const Running& running) { return running.child == nullptr; });
    for (Running& running : ended) {
      if (running.child->ended()) {
        take_in(running, finished);
      } else {
        running.child.reset();
        finished(failed_row(space_, running.task,
                            fmt::format("took longer than {} s", static_cast<double>(timeout_.count()) / 1e3)));
      }
    }
  }
}

}  // namespace nibble
