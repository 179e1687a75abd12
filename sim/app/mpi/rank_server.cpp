#include "sim/app/mpi/rank_server.hpp"

#include <boost/mpi/collectives.hpp>

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "models/base/error.hpp"
#include "sim/app/mpi/messages.hpp"
#include "sim/app/sweep_pool.hpp"

namespace nibble {
namespace {

constexpr std::chrono::milliseconds kLook{1};  ///< between looks for messages

/// The design space of the sweep that rank 0 reads too; or none, and why.
std::optional<DesignSpace> read_space(const Json& work, std::string& trouble) {
  try {
    if (work.at("version") == NIBBLE_VERSION) return std::optional<DesignSpace>{load_sweep(work.at("sweep"))};
    trouble = "this is version " NIBBLE_VERSION ", rank 0 is " + work.at("version").get<std::string>();
  } catch (const InputError& error) {
    trouble = error.what();
  }
  return std::nullopt;
}

class Server {
 public:
  Server(const boost::mpi::communicator& world, const DesignSpace& space, const Json& work)
      : world_{world}, outbox_{world}, pool_{space, work.at("jobs"), std::chrono::milliseconds{work.at("timeout_ms")}} {}

  void run() {
    while (!stopped_) {
      while (const auto message = next_message(world_)) hear(*message);
      while (!tasks_.empty() && !pool_.full()) {
        pool_.start(tasks_.front());
        tasks_.pop_front();
      }
      pool_.advance(kLook, [this](const SweepAnswer& answer) {
        outbox_.send(0, Word::answer, {{"row", answer.row}, {"learned", answer.learned}});
      });
    }
    outbox_.flush();
  }

 private:
  void hear(const Message& message) {
    if (message.word == Word::stop) {
      stopped_ = true;
      tasks_.clear();
      return;
    }
    const Json& task = message.content.at("task");
    tasks_.push_back({task.at(0), task.at(1), task.at(2)});
    pool_.learn(message.content.at("learned"));
  }

  const boost::mpi::communicator& world_;
  Outbox outbox_;
  SweepPool pool_;
  std::deque<SweepTask> tasks_;
  bool stopped_ = false;
};

}  // namespace

void serve_rank(const boost::mpi::communicator& world) {
  std::string text;
  boost::mpi::broadcast(world, text, 0);
  if (text.empty()) return;
  const Json work = Json::parse(text);
  std::string trouble;
  const std::optional<DesignSpace> space = read_space(work, trouble);
  Json report{{"trouble", trouble}};
  if (space) report.update({{"file", space->sweep().file}, {"hash", space->sweep().hash}});
  boost::mpi::gather(world, report.dump(), 0);
  if (space) {
    Server{world, *space, work}.run();
  } else {
    while (next_message(world).value_or(Message{}).word != Word::stop) {
    }
  }
  Outbox outbox{world};
  outbox.send(0, Word::bye, nullptr);
  outbox.flush();
}

}  // namespace nibble
