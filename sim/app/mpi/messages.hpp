#pragma once

#include <boost/mpi/communicator.hpp>
#include <boost/mpi/request.hpp>

#include <list>
#include <optional>
#include <string>

#include "sim/report/document.hpp"

namespace nibble {

/// What ranks say to one another, as JSON: rank 0 hands out tasks, the others answer.
enum class Word : int {
  task,    ///< rank 0: {"task": [point, network, recipe], "kernels": [...]}: what others have simulated since
  answer,  ///< to rank 0: {"row": {...}, "kernels": [...]}
  stop,    ///< rank 0: null; what is not finished is dropped
  bye,     ///< to rank 0: null; nothing more will come from this rank
};

struct Message {
  int rank = 0;  ///< the sender
  Word word = Word::bye;
  Json content;
};

/// A message that has come, if any has; never waits for one.
[[nodiscard]] std::optional<Message> next_message(const boost::mpi::communicator& world);

/// Sends without waiting for the receiver: two ranks that send large messages to one another do not block.
class Outbox {
 public:
  explicit Outbox(const boost::mpi::communicator& world) : world_{world} {}
  void send(int rank, Word word, const Json& content);
  /// Waits until all has been received.
  void flush();

 private:
  struct Letter {
    std::string text;
    boost::mpi::request request;
  };

  const boost::mpi::communicator& world_;
  std::list<Letter> letters_;  ///< on their way
};

}  // namespace nibble
