#include "sim/app/mpi/messages.hpp"

#include <boost/mpi/environment.hpp>
#include <boost/mpi/status.hpp>

#include "models/base/error.hpp"

namespace nibble {

namespace mpi = boost::mpi;

std::optional<Message> next_message(const mpi::communicator& world) {
  const auto status = world.iprobe(mpi::any_source, mpi::any_tag);
  if (!status) return std::nullopt;
  const auto size = status->count<char>();
  if (!size) throw InternalError{"a message between ranks is no text"};
  std::string text(static_cast<std::size_t>(*size), ' ');
  world.recv(status->source(), status->tag(), text.data(), *size);
  return Message{status->source(), static_cast<Word>(status->tag()), Json::parse(text)};
}

void Outbox::send(int rank, Word word, const Json& content) {
  letters_.remove_if([](Letter& letter) { return letter.request.test().has_value(); });
  Letter& letter = letters_.emplace_back(Letter{content.dump(), {}});
  letter.request = world_.isend(rank, static_cast<int>(word), letter.text.data(), static_cast<int>(letter.text.size()));
}

void Outbox::flush() {
  for (Letter& letter : letters_) letter.request.wait();
  letters_.clear();
}

}  // namespace nibble
