#include "sim/chip/memory_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "models/base/check.hpp"
#include "sim/chip/mni.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

/// Where stores begin: no step loads so much.
constexpr std::uint64_t kStores = std::uint64_t{1} << 48;

/// Bytes of a piece of a gather.
std::uint64_t piece_of(const Instruction& instruction, std::uint64_t granule) {
  return std::max(granule, instruction.piece.value());
}

/// Bytes from the transfer's begin to the byte that `done` others come before.
std::uint64_t offset_of(const Instruction& instruction, std::uint64_t granule, std::uint64_t done) {
  const std::uint64_t piece = piece_of(instruction, granule), pitch = instruction.pitch.value();
  return pitch > piece ? done / piece * pitch + done % piece : done;
}

}  // namespace

MemoryNode::MemoryNode(sc_core::sc_module_name name, const Accelerator& accelerator, DataRing& ring)
    : sc_module{name},
      socket{"socket"},
      ring_{ring},
      multicast_{accelerator.ring.multicast},
      rate_{accelerator.memory.bandwidth * accelerator.memory.efficiency},
      granule_{accelerator.memory.granule.value()},
      bytes_per_cycle_{rate_.value() / accelerator.clock.value()} {
  socket.register_nb_transport_bw(this, &MemoryNode::answer);
}

void MemoryNode::reset() {
  joining_.clear();
  next_load_ = 0;
  next_store_ = kStores;
}

void MemoryNode::set_core_clock(Hertz clock) { bytes_per_cycle_ = rate_.value() / clock.value(); }

Transfer& MemoryNode::new_transfer(Unit unit, Bytes bytes, std::vector<TransferEnd> ends) {
  if (free_transfers_.empty()) {
    transfers_.push_back(std::make_unique<Transfer>());
    free_transfers_.push_back(transfers_.back().get());
  }
  Transfer& transfer = *free_transfers_.back();
  free_transfers_.pop_back();
  const std::uint64_t open = ends.size();
  NIBBLE_CHECK(bytes.value() > 0, "an empty transfer");
  const std::uint64_t address = place(unit, bytes.value(), *ends.front().instruction);
  transfer = {unit, bytes.value(), address, 0, std::move(ends), 0, open};
  return transfer;
}

std::uint64_t MemoryNode::place(Unit unit, std::uint64_t bytes, const Instruction& instruction) {
  std::uint64_t& next = unit == Unit::store ? next_store_ : next_load_;
  const std::uint64_t extent = offset_of(instruction, granule_, bytes - 1) + 1;
  return std::exchange(next, next + ceil_div(extent, granule_) * granule_);
}

void MemoryNode::release(Transfer& transfer) { free_transfers_.push_back(&transfer); }

void MemoryNode::join_load(Mni& mni, const Instruction& instruction, TransferClient& client) {
  const TransferEnd end{&mni, &instruction, &client, instruction.bytes.value()};
  if (instruction.multicast == 0 || instruction.multicast_cores < 2 || !multicast_) {
    mni.enqueue(new_transfer(Unit::load, instruction.bytes, {end}));
    return;
  }
  auto& [first, ends] = joining_[instruction.multicast];
  if (ends.empty()) first = &instruction;
  NIBBLE_CHECK(first->bytes == instruction.bytes && first->multicast_cores == instruction.multicast_cores,
               "multicast {}: its cores disagree about it", instruction.multicast);
  ends.push_back(end);
  NIBBLE_CHECK(ends.size() <= instruction.multicast_cores, "multicast {}: too many cores", instruction.multicast);
  if (ends.size() == instruction.multicast_cores) {
    Mni& asking = *ends.front().mni;
    asking.enqueue(new_transfer(Unit::load, instruction.bytes, std::move(ends)));
    joining_.erase(instruction.multicast);
  }
}

void MemoryNode::request(Mni& mni, Transfer& transfer, std::uint64_t bytes) {
  const bool write = transfer.unit == Unit::store;
  if (const auto source = transfer.ends.front().instruction->source; source && !write) {
    transfer.left_memory = kernel_now();  // it never was there: all of the wait is the ring's
    mni.arrive(transfer, bytes, ring_.between_cores(bytes, *source, mni.core()));
    return;
  }
  tlm::tlm_generic_payload& payload =
      pool_.acquire(transfer, write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND, bytes);
  BurstExtension& extension = *payload.get_extension<BurstExtension>();
  const Instruction& instruction = *transfer.ends.front().instruction;
  extension.address = transfer.address + offset_of(instruction, granule_, transfer.bytes_requested);
  transfer.bytes_requested += bytes;
  extension.pitch = instruction.pitch.value();
  extension.piece = instruction.piece.value();
  extension.column = instruction.column.value();
  extension.interleave = instruction.interleave;
  extension.clash = instruction.clash / 100.0;
  extension.clockwise = ring_.clockwise(mni.core());
  extension.ready =
      write ? ring_.to_memory(bytes, mni.core()) : kernel_now() + ring_.request_cycles(mni.core());
  tlm::tlm_phase phase = tlm::BEGIN_REQ;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  socket->nb_transport_fw(payload, phase, delay);
  payload.release();
}

tlm::tlm_sync_enum MemoryNode::answer(tlm::tlm_generic_payload& payload, tlm::tlm_phase& /*phase*/,
                                      sc_core::sc_time& delay) {
  Transfer& transfer = *payload.get_extension<BurstExtension>()->transfer;
  const std::uint64_t last_out = kernel_now() + delay.value() / kKernelTicksPerCycle;
  transfer.left_memory = last_out;
  if (payload.is_write()) {
    transfer.ends.front().mni->arrive(transfer, payload.get_data_length(), last_out);
  } else {
    deliver(transfer, payload.get_data_length(), last_out);
  }
  return tlm::TLM_COMPLETED;
}

void MemoryNode::deliver(Transfer& transfer, std::uint64_t bytes, std::uint64_t last_out) {
  cores_.clear();
  for (const TransferEnd& end : transfer.ends) cores_.push_back(end.mni->core());
  const auto sending = static_cast<std::uint64_t>(static_cast<double>(bytes) / bytes_per_cycle_);
  ring_.from_memory(bytes, last_out > sending ? last_out - sending : 0, last_out, cores_, arrivals_);
  for (std::size_t i = 0; i < transfer.ends.size(); ++i) {
    transfer.ends[i].mni->arrive(transfer, bytes, arrivals_[i]);
  }
}

std::vector<std::uint32_t> MemoryNode::waiting() const {
  std::vector<std::uint32_t> ids;
  for (const auto& [id, joined] : joining_) ids.push_back(id);
  return ids;
}

void MemoryNode::skip(std::uint32_t ids) {
  for (auto& [id, joined] : std::exchange(joining_, {})) joining_.emplace(id + ids, std::move(joined));
}

std::string MemoryNode::describe_stall() const {
  std::string text;
  for (const auto& [id, joined] : joining_) {
    text += fmt::format("{}: multicast {} has {} of {} cores\n", name(), id, joined.second.size(),
                        joined.first->multicast_cores);
  }
  return text;
}

}  // namespace nibble
