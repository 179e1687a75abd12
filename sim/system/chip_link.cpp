#include "sim/system/chip_link.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "models/base/check.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {

ChipLink::ChipLink(sc_core::sc_module_name name, double bytes_per_cycle, double latency_cycles)
    : sc_module{name}, bytes_per_cycle_{bytes_per_cycle}, latency_cycles_{latency_cycles} {
  SC_HAS_PROCESS(ChipLink);
  SC_METHOD(deliver);
  sensitive << wake_;
  dont_initialize();
}

void ChipLink::reset() {
  NIBBLE_CHECK(flying_.empty(), "{}: {} messages are under way", name(), flying_.size());
  began_ = kernel_now();
  free_at_ = busy_ = 0;
  sent_ = delivered_ = Bytes{0};
}

void ChipLink::send(std::uint64_t bytes, Arrival arrival) {
  const double transfer = static_cast<double>(bytes) / bytes_per_cycle_;
  free_at_ = std::max(free_at_, static_cast<double>(kernel_now() - began_)) + transfer;
  busy_ += transfer;
  sent_ += Bytes{bytes};
  // Never in the cycle in which it was sent: the receiver must not overtake the sender's own bookkeeping.
  const std::uint64_t there = began_ + static_cast<std::uint64_t>(std::ceil(free_at_ + latency_cycles_));
  flying_.push_back({bytes, std::max(there, kernel_now() + 1), std::move(arrival)});
  if (flying_.size() == 1) arm();
}

void ChipLink::arm() { wake_.notify(kernel_time(flying_.front().arrives - kernel_now())); }

void ChipLink::deliver() {
  while (!flying_.empty() && flying_.front().arrives <= kernel_now()) {
    const Message message = std::move(flying_.front());
    flying_.pop_front();
    delivered_ += Bytes{message.bytes};
    message.arrival();
  }
  if (!flying_.empty()) arm();
}

}  // namespace nibble
