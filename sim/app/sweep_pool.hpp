#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/app/child_process.hpp"
#include "sim/app/interrupt.hpp"
#include "sim/app/sweep_workers.hpp"

namespace nibble {

/// What came of a task: its row, and what had to be simulated and planned for it (take_learned()).
struct SweepAnswer {
  ResultRow row;
  Json learned;
};

/// Evaluates tasks in forked processes, one process a task, from a parent that has read and lowered everything: a crash
/// or an endless simulation costs its own task. Kernels that one process simulates are known to all that start later.
/// A process that dies is tried again, up to kAttempts times: what kills it from outside must not cost a result.
class SweepPool : public SweepWorkers {
 public:
  using AnswerSink = std::function<void(const SweepAnswer&)>;

  using Evaluate = std::function<ResultRow(const DesignSpace&, const SweepTask&, KernelCache&)>;

  /// `timeout` zero: none. `evaluate`: what a process does with its task.
  SweepPool(const DesignSpace& space, std::size_t jobs, std::chrono::milliseconds timeout, Evaluate evaluate = nibble::evaluate)
      : space_{space}, jobs_{jobs}, timeout_{timeout}, evaluate_{std::move(evaluate)} {}

  /// Throws Interrupted on Ctrl-C, all children gone.
  void run(const std::vector<SweepTask>& tasks, const RowSink& finished) override;

  // The same in steps, for those who also listen elsewhere.
  [[nodiscard]] bool full() const { return running_.size() >= jobs_; }
  [[nodiscard]] bool idle() const { return running_.empty(); }
  void start(const SweepTask& task) { start(task, 1); }
  /// Waits for news of running tasks, no longer than `longest`, and hands on what has ended. Throws as run() does.
  void advance(std::chrono::milliseconds longest, const AnswerSink& ended);
  /// Kernels that others have simulated.
  void learn(const Json& learned);

  static constexpr int kAttempts = 3;

 private:
  using Clock = std::chrono::steady_clock;
  struct Running {
    std::unique_ptr<ChildProcess> child;
    SweepTask task;
    int attempt = 1;
    Clock::time_point deadline;
  };

  [[nodiscard]] std::string answer(const SweepTask& task);
  void start(const SweepTask& task, int attempt);
  void wait(Clock::time_point end);
  void take_in(Running& running, const AnswerSink& ended);

  const DesignSpace& space_;
  std::size_t jobs_;
  std::chrono::milliseconds timeout_;
  Evaluate evaluate_;
  KernelCache kernels_;
  InterruptGuard signals_;
  std::vector<Running> running_;
};

}  // namespace nibble
