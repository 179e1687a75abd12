#include "sim/chip/data_ring.hpp"

#include <algorithm>

#include "sim/core/kernel_time.hpp"

namespace nibble {

DataRing::DataRing(sc_core::sc_module_name name, const Accelerator& accelerator)
    : sc_module{name},
      cores_{accelerator.cores},
      on_segment_{accelerator.ring.bandwidth},
      alone_on_segment_{accelerator.ring.unicast_bandwidth.value() > 0 ? accelerator.ring.unicast_bandwidth
                                                                       : accelerator.ring.bandwidth},
      on_port_{accelerator.core.l1.ring_bandwidth},
      hop_cycles_{accelerator.ring.hop_cycles},
      clockwise_out_(cores_ + 1),
      counter_out_(cores_ + 1),
      clockwise_in_(cores_ + 1),
      counter_in_(cores_ + 1),
      port_in_(cores_),
      port_out_(cores_) {}

DataRing::Distance DataRing::distance(std::uint32_t core) const { return {core + 1, cores_ - core}; }

std::uint64_t DataRing::request_cycles(std::uint32_t core) const {
  const Distance way = distance(core);
  return hop_cycles_ * std::min(way.clockwise, way.counter);
}

std::uint64_t DataRing::hold(std::uint64_t& free_at, std::uint64_t earliest, std::uint64_t cycles) {
  const std::uint64_t begin = std::max(free_at, earliest);
  free_at = begin + cycles;
  return begin;
}

void DataRing::from_memory(std::uint64_t bytes, std::uint64_t first_out, std::uint64_t last_out,
                           const std::vector<std::uint32_t>& cores, std::vector<std::uint64_t>& arrivals) {
  const std::uint64_t on_port = on_port_.of(bytes);
  arrivals.assign(cores.size(), 0);
  for (const bool clockwise : {true, false}) {
    std::vector<std::uint64_t>& segments = clockwise ? clockwise_out_ : counter_out_;
    std::uint32_t farthest = 0;
    for (const std::uint32_t core : cores) {
      const Distance way = distance(core);
      if (way.clockwise_shorter() == clockwise) farthest = std::max(farthest, clockwise ? way.clockwise : way.counter);
    }
    if (farthest == 0) continue;
    Readers& readers = clockwise ? clockwise_readers_ : counter_readers_;
    const bool one_of_many = cores.size() == 1 && readers.add(cores.front());
    const std::uint64_t on_segment = (one_of_many ? alone_on_segment_ : on_segment_).of(bytes);
    passes_.assign(farthest + 1, first_out);
    for (std::uint32_t hop = 1; hop <= farthest; ++hop) {
      passes_[hop] = hold(segments[hop - 1], passes_[hop - 1] + hop_cycles_, on_segment);
      byte_hops_ += bytes;
    }
    for (std::size_t i = 0; i < cores.size(); ++i) {
      const Distance way = distance(cores[i]);
      if (way.clockwise_shorter() != clockwise) continue;
      const std::uint32_t hops = clockwise ? way.clockwise : way.counter;
      const std::uint64_t entered = hold(port_in_[cores[i]], passes_[hops], on_port);
      // The tail cannot arrive before the memory has sent it.
      arrivals[i] = std::max({entered + on_port, passes_[hops] + on_segment, last_out + hops * hop_cycles_});
    }
  }
}

std::uint64_t DataRing::to_memory(std::uint64_t bytes, std::uint32_t core) {
  const std::uint64_t on_segment = on_segment_.of(bytes), on_port = on_port_.of(bytes);
  const Distance way = distance(core);
  std::vector<std::uint64_t>& segments = way.clockwise_shorter() ? counter_in_ : clockwise_in_;
  const std::uint32_t hops = std::min(way.clockwise, way.counter);
  const std::uint64_t left = hold(port_out_[core], kernel_now(), on_port);
  std::uint64_t pass = left;
  for (std::uint32_t hop = hops; hop >= 1; --hop) {
    pass = hold(segments[hop - 1], pass + hop_cycles_, on_segment);
    byte_hops_ += bytes;
  }
  return std::max(pass + on_segment, left + on_port + hops * hop_cycles_);
}

}  // namespace nibble
