#include "sim/app/mpi/rank_workers.hpp"

#include <boost/mpi/collectives.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "models/base/error.hpp"

namespace nibble {
namespace {

constexpr std::chrono::milliseconds kLook{1};      ///< between looks for messages
constexpr std::size_t kMostKernelBatches = 1'000;  ///< that a rank may be behind; what it misses it simulates itself

}  // namespace

void RankTeam::recruit(const SweepOptions& options) {
  const Json work{{"sweep", options.sweep},
                  {"version", NIBBLE_VERSION},
                  {"jobs", std::max<std::size_t>(options.jobs, 1)},
                  {"timeout_ms", options.point_timeout().count()}};
  std::string text = work.dump();
  boost::mpi::broadcast(world_, text, 0);
  recruited_ = true;
}

void RankTeam::muster(const std::string& hash) {
  mustered_ = true;
  std::vector<std::string> reports;
  boost::mpi::gather(world_, std::string{}, reports, 0);
  for (std::size_t rank = 1; rank < reports.size(); ++rank) {
    const Json report = Json::parse(reports[rank]);
    std::string trouble = report.at("trouble");
    if (trouble.empty() && report.at("hash") != hash) {
      trouble = fmt::format("{} is another sweep here than on rank 0", report.at("file").get<std::string>());
    }
    if (!trouble.empty()) throw InputError{"MPI-RANK", fmt::format("rank {}: {}", rank, trouble)};
  }
}

void RankTeam::dismiss() {
  if (!recruited_) {
    std::string nothing;
    boost::mpi::broadcast(world_, nothing, 0);
    return;
  }
  if (!mustered_) {
    std::vector<std::string> unread;
    boost::mpi::gather(world_, std::string{}, unread, 0);
  }
  int there = world_.size() - 1;
  for (int rank = 1; rank < world_.size(); ++rank) outbox_.send(rank, Word::stop, nullptr);
  while (there > 0) {
    if (const auto message = next_message(world_); message && message->word == Word::bye) --there;
  }
  outbox_.flush();
}

RankWorkers::RankWorkers(RankTeam& team, const DesignSpace& space, const SweepOptions& options)
    : team_{team},
      jobs_{std::max<std::size_t>(options.jobs, 1)},
      own_{space, jobs_, options.point_timeout()},
      ranks_(static_cast<std::size_t>(team.world().size())) {
  team_.muster(space.sweep().hash);
}

void RankWorkers::give(std::size_t rank, const SweepTask& task) {
  Json kernels = Json::array();
  for (const auto& batch : ranks_[rank].kernels) kernels.insert(kernels.end(), batch->begin(), batch->end());
  ranks_[rank].kernels.clear();
  ++ranks_[rank].open;
  team_.outbox().send(static_cast<int>(rank), Word::task,
                      {{"task", {task.point, task.network, task.recipe}}, {"learned", std::move(kernels)}});
}

void RankWorkers::hand_out(const std::vector<SweepTask>& tasks) {
  while (next_ < tasks.size() && !own_.full()) own_.start(tasks[next_++]);
  // Every rank has work before any has some in store; near the end nobody keeps a task that another could begin.
  const bool plenty = tasks.size() - next_ > 2 * jobs_ * ranks_.size();
  for (std::size_t most = 1; most <= jobs_ + (plenty ? 1 : 0); ++most) {
    for (std::size_t rank = 1; rank < ranks_.size() && next_ < tasks.size(); ++rank) {
      if (ranks_[rank].open < most) give(rank, tasks[next_++]);
    }
  }
}

void RankWorkers::take(std::size_t from, const SweepAnswer& answer, const RowSink& finished) {
  --open_;
  if (!answer.learned.empty()) {
    const auto kernels = std::make_shared<const Json>(answer.learned);
    for (std::size_t rank = 1; rank < ranks_.size(); ++rank) {
      if (rank == from) continue;
      ranks_[rank].kernels.push_back(kernels);
      if (ranks_[rank].kernels.size() > kMostKernelBatches) ranks_[rank].kernels.pop_front();
    }
  }
  finished(answer.row);
}

void RankWorkers::run(const std::vector<SweepTask>& tasks, const RowSink& finished) {
  next_ = 0;
  open_ = tasks.size();
  while (open_ > 0) {
    hand_out(tasks);
    own_.advance(kLook, [&](const SweepAnswer& answer) { take(0, answer, finished); });
    while (const auto message = next_message(team_.world())) {
      const auto rank = static_cast<std::size_t>(message->rank);
      --ranks_[rank].open;
      own_.learn(message->content.at("learned"));
      take(rank, {message->content.at("row"), message->content.at("learned")}, finished);
    }
  }
}

}  // namespace nibble
