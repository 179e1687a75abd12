#pragma once

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sim/app/sweep_workers.hpp"

namespace nibble {

/// The options of `sweep`, the same whoever does the work.
struct SweepOptions {
  std::string sweep, out = "results.db", shard;
  std::size_t jobs = 0;  ///< processes at the same time; 0: whatever is usual there
  std::uint64_t limit = 0;
  double point_timeout_s = 0;
  bool resume = false, retry_failed = false;

  [[nodiscard]] std::chrono::milliseconds point_timeout() const;
};

/// Adds the command with its options, help and examples; what it does is for the caller to say.
CLI::App* add_sweep_options(CLI::App& program, SweepOptions& options);

/// Makes those who evaluate the points of a design space, which outlives them.
using MakeWorkers = std::function<std::unique_ptr<SweepWorkers>(const DesignSpace&)>;

/// The whole command: reads and checks the sweep, lets the workers evaluate what the database lacks, and prints a summary.
/// The database is made only when the sweep, the shard and the workers are sound. InputError, Interrupted.
void run_sweep(const SweepOptions& options, const MakeWorkers& make_workers);

}  // namespace nibble
