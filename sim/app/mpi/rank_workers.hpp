#pragma once

#include <boost/mpi/communicator.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "sim/app/mpi/messages.hpp"
#include "sim/app/sweep_pool.hpp"
#include "sim/app/sweep_run.hpp"

namespace nibble {

/// What rank 0 has to do for the others, whose whole life is serve_rank(): say what the work is, and send them home.
class RankTeam {
 public:
  explicit RankTeam(const boost::mpi::communicator& world) : world_{world}, outbox_{world} {}
  RankTeam(const RankTeam&) = delete;
  RankTeam& operator=(const RankTeam&) = delete;

  /// Lets every rank read the sweep, while this one does.
  void recruit(const SweepOptions& options);
  /// Waits until all have read it. InputError [MPI-RANK] if one of them could not, or has read another than rank 0's `hash`.
  void muster(const std::string& hash);
  /// Must be called, whatever has happened: MPI ends when all ranks have.
  void dismiss();

  [[nodiscard]] const boost::mpi::communicator& world() const { return world_; }
  [[nodiscard]] Outbox& outbox() { return outbox_; }

 private:
  const boost::mpi::communicator& world_;
  Outbox outbox_;
  bool recruited_ = false, mustered_ = false;
};

/// Evaluates tasks on all ranks, rank 0's own processes among them. A rank gets its next task before it has finished the
/// one before it, while there are plenty; and what other ranks have simulated since, so that kernels are shared by all.
class RankWorkers : public SweepWorkers {
 public:
  RankWorkers(RankTeam& team, const DesignSpace& space, const SweepOptions& options);

  void run(const std::vector<SweepTask>& tasks, const RowSink& finished) override;

 private:
  struct Rank {
    std::size_t open = 0;                                ///< tasks that it has and not answered yet
    std::deque<std::shared_ptr<const Json>> kernels;     ///< that it has not heard of
  };

  void hand_out(const std::vector<SweepTask>& tasks);
  void give(std::size_t rank, const SweepTask& task);
  void take(std::size_t from, const SweepAnswer& answer, const RowSink& finished);

  RankTeam& team_;
  std::size_t jobs_;  ///< processes of each rank
  SweepPool own_;
  std::vector<Rank> ranks_;
  std::size_t next_ = 0, open_ = 0;
};

}  // namespace nibble
