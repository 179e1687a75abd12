#include "sim/app/sweep_pool.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "models/base/error.hpp"

namespace nibble {
namespace {

constexpr std::chrono::milliseconds kAnyTime = std::chrono::hours{24};

timespec until(std::chrono::steady_clock::time_point end) {
  const auto left = std::max(end - std::chrono::steady_clock::now(), std::chrono::steady_clock::duration::zero());
  const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(left).count();
  return {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
}

}  // namespace

/// In the child process.
std::string SweepPool::answer(const SweepTask& task) {
  static_cast<void>(take_learned(kernels_));
  const ResultRow row = evaluate_(space_, task, kernels_);
  return Json{{"row", row}, {"learned", take_learned(kernels_)}}.dump();
}

void SweepPool::start(const SweepTask& task, int attempt) {
  const std::string name = fmt::format("of point {}", task.point);
  const Job job{name, [this, task](const auto&) { return answer(task); }};
  const auto deadline = timeout_.count() > 0 ? Clock::now() + timeout_ : Clock::time_point::max();
  running_.push_back({std::make_unique<ChildProcess>(task.point, job, signals_, false), task, attempt, deadline});
}

void SweepPool::learn(const Json& learned) { nibble::learn(kernels_, learned); }

void SweepPool::wait(Clock::time_point end) {
  std::vector<pollfd> files;
  for (const Running& running : running_) {
    files.push_back({running.child->descriptor(), POLLIN, 0});
    end = std::min(end, running.deadline);
  }
  const timespec rest = until(end);
  const int ready = ::ppoll(files.data(), files.size(), &rest, &signals_.while_waiting());
  signals_.check();
  if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "waiting for points");
  for (std::size_t i = 0; ready > 0 && i < files.size(); ++i) {
    if (files[i].revents != 0) running_[i].child->read([](std::size_t, std::size_t, const std::string&) {});
  }
}

void SweepPool::take_in(Running& running, const AnswerSink& ended) {
  if (!running.child->ended()) {
    running.child.reset();
    const double seconds = static_cast<double>(timeout_.count()) / 1e3;
    ended({failed_row(space_, running.task, fmt::format("took longer than {} s", seconds)), Json::array()});
    return;
  }
  SweepAnswer answer;
  try {
    Json message = Json::parse(running.child->result());
    answer = {std::move(message.at("row")), std::move(message.at("learned"))};
  } catch (const std::exception& error) {
    // Tried again from a clean slate; only a point that fails every time is at fault itself.
    if (running.attempt < kAttempts) {
      start(running.task, running.attempt + 1);
      return;
    }
    answer = {failed_row(space_, running.task, error.what()), Json::array()};
  }
  learn(answer.learned);
  ended(answer);
}

void SweepPool::advance(std::chrono::milliseconds longest, const AnswerSink& ended) {
  wait(Clock::now() + longest);
  std::vector<Running> over;
  for (Running& running : running_) {
    if (running.child->ended() || Clock::now() >= running.deadline) over.push_back(std::move(running));
  }
  std::erase_if(running_, [](const Running& running) { return running.child == nullptr; });
  for (Running& running : over) take_in(running, ended);
}

void SweepPool::run(const std::vector<SweepTask>& tasks, const RowSink& finished) {
  std::size_t next = 0;
  while (next < tasks.size() || !idle()) {
    while (next < tasks.size() && !full()) start(tasks[next++]);
    advance(kAnyTime, [&](const SweepAnswer& answer) { finished(answer.row); });
  }
}

}  // namespace nibble
