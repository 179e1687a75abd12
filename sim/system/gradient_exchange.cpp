#include "sim/system/gradient_exchange.hpp"

#include "models/base/check.hpp"

namespace nibble {

void GradientExchange::connect(std::size_t way, ChipLink& link, GradientExchange& peer) {
  ways_.at(way).link = &link;
  ways_.at(way).peer = &peer;
}

void GradientExchange::reset() {
  NIBBLE_CHECK(!busy_ && pending_.empty(), "an exchange is still under way");
  for (Way& way : ways_) way.sent = way.received = way.chunk = 0;
  collectives_ = 0;
  added_ = Bytes{0};
}

void GradientExchange::ready(const std::vector<Gradient>& gradients) {
  pending_.insert(pending_.end(), gradients.begin(), gradients.end());
  if (!busy_ && !pending_.empty()) start();
}

void GradientExchange::start() {
  busy_ = true;
  ++collectives_;
  running_.swap(pending_);
  pending_.clear();
  std::uint64_t bytes = 0;
  for (const Gradient& gradient : running_) bytes += gradient.bytes.value();
  for (std::size_t way = 0; way < ways(); ++way) {
    const std::uint64_t part = bytes * (way + 1) / ways() - bytes * way / ways();
    ways_[way].sent = 0;
    ways_[way].chunk = ceil_div(part, chips_);
    added_ += Bytes{ways_[way].chunk * (chips_ - 1)};
  }
  for (std::size_t way = 0; way < ways(); ++way) advance(way);
}

/// Sends the next step as soon as the chunk that it passes on is here.
void GradientExchange::advance(std::size_t index) {
  Way& way = ways_[index];
  while (busy_ && way.sent < steps() && way.received >= way.sent) {
    const std::uint64_t bytes = topology_ == Topology::ring ? way.chunk : way.chunk * (chips_ - 1);
    ++way.sent;
    way.link->send(bytes, [peer = way.peer, index] { peer->receive(index); });
  }
}

void GradientExchange::receive(std::size_t way) {
  ++ways_[way].received;
  advance(way);
  finish_if_complete();
}

void GradientExchange::finish_if_complete() {
  if (!busy_) return;
  for (std::size_t way = 0; way < ways(); ++way) {
    if (ways_[way].sent < steps() || ways_[way].received < steps()) return;
  }
  // A neighbour may be ahead: what it has sent of its next collective stays counted.
  for (std::size_t way = 0; way < ways(); ++way) ways_[way].received -= steps();
  busy_ = false;
  std::vector<std::uint32_t> ids;
  for (const Gradient& gradient : running_) ids.push_back(gradient.id);
  running_.clear();
  done_(ids);
  if (!busy_ && !pending_.empty()) start();
}

}  // namespace nibble
