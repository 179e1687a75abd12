#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace nibble {

/// Work for a process of its own: the SystemC kernel builds one machine in a process and no second one.
struct Job {
  std::string name;
  /// Gives its result as text; what it throws is thrown again in the parent. `progress` reports to the
  /// parent.
  std::function<std::string(
      const std::function<void(std::size_t, std::size_t, const std::string&)>& progress)>
      work;
};

/// Told as jobs advance: how many have ended, and what a running one is at.
using PoolProgress = std::function<void(std::size_t ended, const std::string& job, std::size_t done,
                                        std::size_t total, const std::string& what)>;

/// Runs the jobs in forked processes, at most `at_once` of them together; results come in the order of the
/// jobs.
///
/// When jobs fail, the error of the first of them in that order is thrown, whichever failed first. A child
/// that ends without a word (killed for memory, say) is an InternalError that says how it ended. A signal
/// that stops the program ends all children and throws Interrupted; a child never outlives its parent.
[[nodiscard]] std::vector<std::string> run_in_processes(const std::vector<Job>& jobs, std::size_t at_once,
                                                        const PoolProgress& progress = {});

/// Processors that this process may use; at least 1.
[[nodiscard]] std::size_t usable_processors();

}  // namespace nibble
