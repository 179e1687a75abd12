#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "sim/app/child_process.hpp"
#include "sim/app/interrupt.hpp"
#include "sim/sweep/design_space.hpp"
#include "sim/sweep/evaluate.hpp"

namespace nibble {

/// Evaluates tasks in forked processes, one process a task, from a parent that has read and lowered everything: a crash
/// or an endless simulation costs its own task. Kernels that one process simulates are known to all that start later.
class SweepPool {
 public:
  using RowSink = std::function<void(const ResultRow&)>;

  /// `timeout` zero: none.
  SweepPool(const DesignSpace& space, std::size_t jobs, std::chrono::milliseconds timeout)
      : space_{space}, jobs_{jobs}, timeout_{timeout} {}

  /// Hands every task's row to `finished`, in the order in which they end. A process that dies is tried again, up to
  /// kAttempts times: what kills it from outside must not cost a result. Throws Interrupted on Ctrl-C, all children gone.
  void run(const std::vector<SweepTask>& tasks, const RowSink& finished);

  static constexpr int kAttempts = 3;

 private:
  struct Running {
    std::unique_ptr<ChildProcess> child;
    SweepTask task;
    int attempt = 1;
    std::chrono::steady_clock::time_point deadline;
  };

  void start(const SweepTask& task, int attempt);
  void wait();
  void take_in(Running& running, const RowSink& finished);

  const DesignSpace& space_;
  std::size_t jobs_;
  std::chrono::milliseconds timeout_;
  KernelCache kernels_;
  InterruptGuard signals_;
  std::vector<Running> running_;
};

}  // namespace nibble
