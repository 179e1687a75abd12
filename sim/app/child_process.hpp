#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "sim/app/interrupt.hpp"
#include "sim/app/process_pool.hpp"
#include "sim/report/document.hpp"

namespace nibble {

/// One job of a pool in a forked process, which speaks to its parent through a pipe in lines of JSON:
/// {"progress": [done, total, what]} any number of times, then {"result": text} or {"error": {...}}.
class ChildProcess {
 public:
  /// Forks and starts the job. `talkative`: somebody wants to see its progress.
  ChildProcess(std::size_t index, const Job& job, const InterruptGuard& signals, bool talkative);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();  ///< kills it if it still runs

  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] int descriptor() const { return pipe_; }
  [[nodiscard]] bool ended() const { return pid_ < 0; }

  /// Takes in what has come through the pipe; call when the descriptor is ready.
  void read(const std::function<void(std::size_t, std::size_t, const std::string&)>& progress);
  /// After ended(): what the job gave, or throws what it threw.
  [[nodiscard]] std::string result() const;

 private:
  void end();

  std::size_t index_;
  std::string name_;
  pid_t pid_ = -1;
  int pipe_ = -1;
  int status_ = 0;
  std::string unread_;             ///< the begin of a line whose end has not come yet
  std::optional<Json> last_word_;  ///< "result" or "error"
};

}  // namespace nibble
