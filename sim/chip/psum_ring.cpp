#include "sim/chip/psum_ring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "models/base/check.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {

PsumRing::PsumRing(sc_core::sc_module_name name, const Accelerator& accelerator)
    : sc_module{name},
      cores_{accelerator.cores},
      bandwidth_{accelerator.ring.psum_bandwidth},
      hop_cycles_{accelerator.ring.hop_cycles},
      clockwise_(cores_),
      counter_(cores_) {}

void PsumRing::reset() {
  exchanges_.clear();
  byte_hops_ = 0;
}

const Bytes& PsumRing::join(std::uint32_t core, const Instruction& instruction, sc_core::sc_event& done) {
  Exchange& exchange = exchanges_[instruction.reduce];
  if (exchange.members.empty()) {
    exchange.size = instruction.reduce_cores;
    exchange.bytes = instruction.reduce_bytes;
    exchange.passes_on = instruction.passes_on;
    exchange.members.reserve(exchange.size);  // callers hold references
  }
  NIBBLE_CHECK(exchange.members.size() < exchange.size, "exchange {} is for {} cores", instruction.reduce, exchange.size);
  NIBBLE_CHECK(exchange.bytes == instruction.reduce_bytes, "exchange {}: cores disagree about its size",
               instruction.reduce);
  const std::size_t index = exchange.members.size();
  exchange.members.push_back({core, &done, Bytes{0}});
  const Bytes& received = exchange.members[index].received;
  joined_.notify(sc_core::SC_ZERO_TIME);
  if (exchange.members.size() == exchange.size) run(exchange);
  return received;
}

void PsumRing::await_first(std::uint32_t id) {
  while (exchanges_[id].members.empty()) sc_core::wait(joined_);
}

std::uint64_t PsumRing::carry(std::uint32_t from, std::uint32_t to, bool clockwise, std::uint64_t bytes) {
  std::vector<std::uint64_t>& segments = clockwise ? clockwise_ : counter_;
  const std::uint64_t cycles = transfer_time(Bytes{bytes}, bandwidth_).value();
  std::uint64_t end = kernel_now();
  for (std::uint32_t node = from; node != to; node = clockwise ? (node + 1) % cores_ : (node + cores_ - 1) % cores_) {
    std::uint64_t& free_at = segments[clockwise ? node : (node + cores_ - 1) % cores_];
    free_at = std::max(free_at, kernel_now()) + cycles;
    end = std::max(end, free_at);
    byte_hops_ += bytes;
  }
  return end;
}

void PsumRing::run(Exchange& exchange) {
  // Members in ring order, without moving them: callers hold references into `members`.
  std::vector<Member*> order;
  for (Member& member : exchange.members) order.push_back(&member);
  std::sort(order.begin(), order.end(), [](const Member* a, const Member* b) { return a->core < b->core; });
  const std::uint64_t parts = order.size();
  const std::uint64_t bytes = exchange.bytes.value();
  std::uint64_t end = kernel_now();
  const auto send = [&](Member& from, Member& to, bool clockwise, std::uint64_t amount) {
    if (amount == 0) return;
    end = std::max(end, carry(from.core, to.core, clockwise, amount));
    to.received += Bytes{amount};
  };
  const bool closed = parts == cores_ && parts > 2 && !exchange.passes_on;
  if (exchange.passes_on) {
    send(*order[0], *order[1], true, bytes);
  } else if (closed) {
    const std::uint64_t half = ceil_div(bytes * (parts - 1), 2 * parts);
    for (std::size_t i = 0; i < parts; ++i) {
      send(*order[i], *order[(i + 1) % parts], true, half);
      send(*order[(i + 1) % parts], *order[i], false, half);
    }
  } else {
    for (std::size_t i = 0; i + 1 < parts; ++i) {
      send(*order[i], *order[i + 1], true, ceil_div(bytes * (parts - 1 - i), parts));
      send(*order[i + 1], *order[i], false, ceil_div(bytes * (i + 1), parts));
    }
  }
  end += hop_cycles_ * (closed ? parts / 2 : order.back()->core - order.front()->core);
  for (Member* member : order) member->done->notify(kernel_time(end - kernel_now()));
}

std::vector<std::uint32_t> PsumRing::waiting() const {
  std::vector<std::uint32_t> ids;
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange.members.size() < exchange.size) ids.push_back(id);
  }
  return ids;
}

void PsumRing::skip(std::uint64_t byte_hops, std::uint32_t ids) {
  byte_hops_ += byte_hops;
  for (const std::uint32_t id : waiting()) {
    auto exchange = exchanges_.extract(id);  // stays where it is: callers hold references into it
    exchange.key() += ids;
    exchanges_.insert(std::move(exchange));
  }
}

std::string PsumRing::describe_stall() const {
  std::string text;
  for (const auto& [id, exchange] : exchanges_) {
    if (exchange.members.size() < exchange.size) {
      text += fmt::format("{}: exchange {} has {} of {} cores\n", name(), id, exchange.members.size(), exchange.size);
    }
  }
  return text;
}

}  // namespace nibble
