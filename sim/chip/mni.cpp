#include "sim/chip/mni.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/check.hpp"
#include "sim/chip/channels.hpp"
#include "sim/chip/memory_node.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {

Mni::Mni(sc_core::sc_module_name name, std::uint32_t core, const Accelerator& accelerator, MemoryNode& node,
         PsumRing& psum_ring, KernelGuard& guard)
    : sc_module{name},
      core_{core},
      burst_{accelerator.dma.burst.value()},
      credits_{accelerator.dma.outstanding},
      dma_{accelerator.dma},
      granule_{accelerator.memory.granule.value()},
      channels_{accelerator.memory.channels},
      node_{node},
      psum_ring_{psum_ring},
      guard_{guard} {
  SC_HAS_PROCESS(Mni);
  SC_METHOD(request_bursts);
  sensitive << request_;
  dont_initialize();
  SC_METHOD(retire);
  sensitive << arrival_;
  dont_initialize();
}

void Mni::load(const Instruction& instruction, TransferClient& client) {
  node_.join_load(*this, instruction, client);
}

void Mni::store(const Instruction& instruction, TransferClient& client) {
  enqueue(node_.new_transfer(Unit::store, instruction.bytes, {{this, &instruction, &client, instruction.bytes.value()}}));
}

const Bytes& Mni::exchange(const Instruction& instruction, sc_core::sc_event& done) {
  return psum_ring_.join(core_, instruction, done);
}

void Mni::enqueue(Transfer& transfer) {
  direction(transfer.unit).waiting.push_back(&transfer);
  request_.notify(sc_core::SC_ZERO_TIME);
}

void Mni::request_bursts() {
  guard_.run([&] {
    for (Direction* way : {&loads_, &stores_}) {
      while (way->in_flight < credits_ && !way->waiting.empty()) {
        Transfer& transfer = *way->waiting.front();
        const std::uint64_t bytes = std::min(burst_, transfer.bytes_to_request);
        transfer.bytes_to_request -= bytes;
        if (transfer.bytes_to_request == 0) way->waiting.pop_front();
        ++way->in_flight;
        node_.request(*this, transfer, bytes);
      }
    }
  });
}

void Mni::reset() { picking_until_ = kernel_now(); }

std::uint64_t Mni::picked_up(const Transfer& transfer, std::uint64_t bytes, std::uint64_t when) {
  const Instruction& load = *transfer.ends.front().instruction;
  if (load.interleave < 2 || transfer.unit != Unit::load) return when;
  const std::uint64_t pieces = ceil_div(bytes, granule_);
  const std::uint64_t side_by_side = reached_channels(channels_, load.interleave);
  std::uint64_t cycles = pieces * dma_.gather_cycles / side_by_side;
  if (transfer.ends.size() > 1) {
    cycles = load.crossed ? pieces * dma_.crossed_gather_cycles : pieces * dma_.shared_gather_cycles / side_by_side;
  }
  // The first granules are picked up while the last are still on their way, but not before the kernel began.
  const std::uint64_t begin = std::max(picking_until_, when - std::min(when, cycles));
  picking_until_ = std::max(when, begin + cycles);
  return picking_until_;
}

void Mni::arrive(Transfer& transfer, std::uint64_t bytes, std::uint64_t when) {
  when = picked_up(transfer, bytes, when);
  arrivals_.push({when, sequence_++, bytes, &transfer});
  if (arrivals_.top().when == when) {
    arrival_.cancel();
    arrival_.notify(kernel_time(when - kernel_now()));
  }
}

void Mni::retire() {
  guard_.run([&] {
    while (!arrivals_.empty() && arrivals_.top().when <= kernel_now()) {
      const Arrival arrival = arrivals_.top();
      arrivals_.pop();
      retire_one(arrival);
    }
    if (!arrivals_.empty()) arrival_.notify(kernel_time(arrivals_.top().when - kernel_now()));
  });
}

void Mni::retire_one(const Arrival& arrival) {
  Transfer& transfer = *arrival.transfer;
  if (transfer.ends.front().mni == this) {  // the core that asked gets its credit back
    --direction(transfer.unit).in_flight;
    request_.notify(sc_core::SC_ZERO_TIME);
  }
  const auto end = std::find_if(transfer.ends.begin(), transfer.ends.end(),
                                [&](const TransferEnd& candidate) { return candidate.mni == this; });
  NIBBLE_CHECK(end != transfer.ends.end() && end->bytes_missing >= arrival.bytes, "{}: stray burst", name());
  end->bytes_missing -= arrival.bytes;
  if (end->bytes_missing > 0) return;
  end->client->transfer_done(*end->instruction, transfer.unit, transfer.left_memory);
  if (--transfer.ends_open == 0) node_.release(transfer);
}

std::string Mni::describe_stall() const {
  return fmt::format("{}: {} loads and {} stores waiting, {} and {} bursts in flight", name(), loads_.waiting.size(),
                     stores_.waiting.size(), loads_.in_flight, stores_.in_flight);
}

}  // namespace nibble
