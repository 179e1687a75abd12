#pragma once

#include <functional>
#include <vector>

#include "sim/sweep/design_space.hpp"
#include "sim/sweep/evaluate.hpp"

namespace nibble {

/// Whoever evaluates a sweep's tasks: processes of this machine (SweepPool), or ranks of MPI (mpi/rank_workers.hpp).
class SweepWorkers {
 public:
  using RowSink = std::function<void(const ResultRow&)>;

  SweepWorkers() = default;
  SweepWorkers(const SweepWorkers&) = delete;
  SweepWorkers& operator=(const SweepWorkers&) = delete;
  virtual ~SweepWorkers() = default;

  /// Hands every task's row to `finished`, in the order in which they end. What `finished` throws ends the work.
  virtual void run(const std::vector<SweepTask>& tasks, const RowSink& finished) = 0;
};

}  // namespace nibble
