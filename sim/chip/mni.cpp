#include "sim/chip/mni.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/check.hpp"
#include "sim/chip/channels.hpp"
#include "sim/chip/memory_node.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {

Mni::Mni(sc_core::sc_module_name name, std::uint32_t core, const Accelerator& accelerator, MemoryNode& node,
         PsumRing& psum_ring, Agenda& agenda)
    : sc_module{name},
      core_{core},
      burst_{accelerator.dma.burst.value()},
      credits_{accelerator.dma.outstanding},
      dma_{accelerator.dma},
      granule_{accelerator.memory.granule.value()},
      channels_{accelerator.memory.channels},
      node_{node},
      psum_ring_{psum_ring},
      alarm_{agenda, [this] { act(); }} {}

void Mni::load(const Instruction& instruction, TransferClient& client) {
  asked_loads_.push_back({&instruction, &client});
  alarm_.by(kernel_now());
}

void Mni::store(const Instruction& instruction, TransferClient& client) {
  asked_stores_.push_back({&instruction, &client});
  alarm_.by(kernel_now());
}

void Mni::skip(std::size_t instructions) {
  for (Asked& asked : asked_loads_) asked.instruction += instructions;
}

const Bytes& Mni::exchange(const Instruction& instruction, sc_core::sc_event& done) {
  return psum_ring_.join(core_, instruction, done);
}

void Mni::enqueue(Transfer& transfer) {
  direction(transfer.unit).waiting.push_back(&transfer);
  alarm_.by(kernel_now());
}

void Mni::act() {
  if (!retire_due()) return;
  take_asked();
  request_bursts();
  if (!arrivals_.empty()) alarm_.by(arrivals_.front().when);
}

void Mni::take_asked() {
  for (const auto& [instruction, client] : asked_loads_) node_.join_load(*this, *instruction, *client);
  for (const auto& [instruction, client] : asked_stores_) {
    enqueue(node_.new_transfer(Unit::store, instruction->bytes, {{this, instruction, client, instruction->bytes.value()}}));
  }
  asked_loads_.clear();
  asked_stores_.clear();
}

void Mni::request_bursts() {
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
  arrivals_.insert({when, bytes, &transfer});
  alarm_.by(when);
}

/// False if it came to the end of a transfer, which the core notices, while the kernel is not there yet.
bool Mni::retire_due() {
  while (!arrivals_.empty() && arrivals_.front().when <= kernel_now()) {
    const Arrival arrival = arrivals_.front();
    if (alarm_.ahead() && end_of(*arrival.transfer).bytes_missing == arrival.bytes) {
      alarm_.at_kernel_time(arrival.when);
      return false;
    }
    retire_one(arrivals_.take_front());
  }
  return true;
}

TransferEnd& Mni::end_of(Transfer& transfer) const {
  const auto end = std::find_if(transfer.ends.begin(), transfer.ends.end(),
                                [&](const TransferEnd& candidate) { return candidate.mni == this; });
  NIBBLE_CHECK(end != transfer.ends.end(), "{}: stray burst", name());
  return *end;
}

void Mni::retire_one(const Arrival& arrival) {
  Transfer& transfer = *arrival.transfer;
  if (transfer.ends.front().mni == this) {  // the core that asked gets its credit back
    --direction(transfer.unit).in_flight;
  }
  TransferEnd& end = end_of(transfer);
  NIBBLE_CHECK(end.bytes_missing >= arrival.bytes, "{}: more bytes than were asked for", name());
  end.bytes_missing -= arrival.bytes;
  if (end.bytes_missing > 0) return;
  end.client->transfer_done(*end.instruction, transfer.unit, transfer.left_memory);
  if (--transfer.ends_open == 0) node_.release(transfer);
}

std::string Mni::describe_stall() const {
  return fmt::format("{}: {} loads and {} stores waiting, {} and {} bursts in flight", name(), loads_.waiting.size(),
                     stores_.waiting.size(), loads_.in_flight, stores_.in_flight);
}

}  // namespace nibble
