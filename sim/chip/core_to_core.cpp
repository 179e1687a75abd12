#include <algorithm>

#include "sim/chip/data_ring.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {

// Segments are kept by their distance from the memory, in arrays for data that leaves it and data that goes there. Segment
// `link` joins the nodes `link` and `link + 1`, counted clockwise from the memory (node 0); core c is node c + 1.
std::uint64_t& DataRing::segment(bool clockwise, std::uint32_t link) {
  const bool near_clockwise = link + 1 <= cores_ && distance(link).clockwise_shorter();
  if (clockwise) return near_clockwise ? clockwise_out_[link] : clockwise_in_[cores_ - link];
  return near_clockwise ? counter_in_[link] : counter_out_[cores_ - link];
}

std::uint64_t DataRing::between_cores(std::uint64_t bytes, std::uint32_t source, std::uint32_t target) {
  const std::uint32_t nodes = cores_ + 1;
  const std::uint32_t from = source + 1, to = target + 1;
  const std::uint32_t ahead = (to + nodes - from) % nodes;
  const bool clockwise = ahead <= nodes - ahead;
  const std::uint32_t hops = clockwise ? ahead : nodes - ahead;
  const std::uint64_t on_segment = on_segment_.of(bytes), on_port = on_port_.of(bytes);
  // The request travels to the source first; then the data leave its L1.
  const std::uint64_t left = hold(port_out_[source], kernel_now() + hops * hop_cycles_, on_port);
  std::uint64_t pass = left;
  for (std::uint32_t hop = 0, node = from; hop < hops; ++hop) {
    const std::uint32_t next = clockwise ? (node + 1) % nodes : (node + nodes - 1) % nodes;
    pass = hold(segment(clockwise, clockwise ? node : next), pass + hop_cycles_, on_segment);
    byte_hops_ += bytes;
    node = next;
  }
  const std::uint64_t entered = hold(port_in_[target], pass, on_port);
  return std::max({entered + on_port, pass + on_segment, left + on_port + hops * hop_cycles_});
}

}  // namespace nibble
