#include "sim/mapper/vector_mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "models/base/check.hpp"
#include "models/base/error.hpp"
#include "models/formats/format.hpp"
#include "models/timing/vector_cost.hpp"
#include "sim/mapper/mapper.hpp"
#include "sim/mapper/prorata.hpp"

namespace nibble {
namespace {

// A use this many times smaller than the largest is a parameter or a sum, not a stream, if it is small in bytes too.
constexpr std::uint64_t kOnceRatio = 16;
constexpr Bytes kOnceLimit{64 * 1024};
// Tiles of the largest stream: long enough for full bursts, short enough that a few fill the pipeline.
constexpr std::uint64_t kTileBytes = 128 * 1024;
constexpr std::uint64_t kTilesPerCore = 4;
// A core that gets less than this of the largest stream costs more in part-filled granules and hops than it gains.
constexpr std::uint64_t kLeastShare = 8 * 1024;

/// One tensor use of the operation.
struct Stream {
  Bytes bytes;
  Bytes pitch, piece;
  std::uint32_t clash = 100;
  bool resident = false;  ///< read in L1, or kept there
  bool once = false;
  bool exchanged = false; ///< each core has a part of every sum: they are added up over the narrow ring
  std::uint32_t bits = 0; ///< of an element
  SlotIndex slot = 0;     ///< first of two; of one if `once`
};

class VectorBuilder {
 public:
  VectorBuilder(const Step& step, std::size_t index, const Accelerator& accelerator,
                const OperationResidency& residency, const MapperOptions& options)
      : operation_{step.operations.at(index)}, accelerator_{accelerator} {
    Bytes largest;
    for (const auto* uses : {&operation_.reads, &operation_.writes}) {
      for (const TensorUse& use : *uses) largest = std::max(largest, use.bytes);
    }
    // Tensors that are held lie on all cores; otherwise as many work as are worth it.
    cores_ = residency.by_sample ? accelerator.cores
                                 : static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
                                       largest.value() / kLeastShare, 1, accelerator.cores));
    if (options.cores) cores_ = *options.cores;
    const auto stream = [&](const TensorUse& use, bool resident) {
      const bool small = use.bytes.value() * kOnceRatio <= largest.value();
      const bool once = use.bytes <= kOnceLimit && (small || use.summed);
      const bool exchanged = use.summed && once && cores_ > 1 && !resident;
      const auto bits = static_cast<std::uint32_t>(format_storage(step.tensors.at(use.tensor).format).bits);
      return Stream{use.bytes, use.pitch, use.piece, use.clash, resident, once, exchanged, bits};
    };
    for (std::size_t i = 0; i < operation_.reads.size(); ++i) {
      reads_.push_back(stream(operation_.reads[i], residency.read_resident(i)));
    }
    for (std::size_t i = 0; i < operation_.writes.size(); ++i) {
      writes_.push_back(stream(operation_.writes[i], !residency.stored(i)));
    }
    const Bytes usable = usable_l1(accelerator);
    NIBBLE_CHECK(residency.occupied < usable, "{}: no L1 is left for tiles", operation_.layer);
    budget_ = usable - residency.occupied;
    choose_tiles(largest);
  }

  KernelProgram build() {
    KernelProgram program;
    program.layer = operation_.layer;
    program.pass = operation_.pass;
    program.slots = slot_sizes_;
    program.cores.resize(accelerator_.cores);
    for (std::uint32_t core = 0; core < cores_; ++core) write_core(program.cores[core]);
    std::uint64_t streams = 0;
    for (const auto* all : {&reads_, &writes_}) {
      for (const Stream& stream : *all) streams += stream.once ? 0 : 1;
    }
    program.mapping = fmt::format("{} streams over {} cores, {} tiles each", streams, cores_, tiles_);
    return program;
  }

 private:
  /// The fewest tiles that fit L1 twice, are no longer than kTileBytes, and are enough to overlap.
  void choose_tiles(Bytes largest) {
    const std::uint64_t largest_share = ceil_div(largest.value(), cores_);
    tiles_ = std::max<std::uint64_t>(kTilesPerCore, ceil_div(largest_share, kTileBytes));
    tiles_ = std::min(tiles_, std::max<std::uint64_t>(1, largest_share / accelerator_.memory.granule.value()));
    while (!lay_out_slots()) {
      if (tiles_ > largest_share) {
        throw InputError{"MAP-L1", fmt::format("{}: its vector work does not fit the {} B of L1 that a core has",
                                               operation_.layer, budget_.value()),
                         "enlarge core.l1.capacity"};
      }
      tiles_ *= 2;
    }
  }

  bool lay_out_slots() {
    slot_sizes_.clear();
    Bytes sum;
    const std::uint64_t parts = tiles_ * cores_;
    for (auto* all : {&reads_, &writes_}) {
      for (Stream& stream : *all) {
        if (stream.resident) continue;
        stream.slot = static_cast<SlotIndex>(slot_sizes_.size());
        const Bytes size = stream.once ? stream.bytes : Bytes{ceil_div(stream.bytes.value(), parts) + 1};
        const std::size_t copies = stream.once ? 1 : 2;
        slot_sizes_.insert(slot_sizes_.end(), copies, size);
        sum += size * copies;
      }
    }
    return sum <= budget_;
  }

  [[nodiscard]] static SlotIndex turn(const Stream& stream, std::uint64_t tile) {
    return static_cast<SlotIndex>(stream.once ? stream.slot : stream.slot + tile % 2);
  }

  /// Deals out amounts over all tiles of all cores so that the shares add up exactly.
  void start_shares() {
    const std::uint64_t parts = tiles_ * cores_;
    double lane_ops = 0;
    std::uint64_t lane_waits = 0, constants = 0;
    for (const VectorWork& work : operation_.vector) {
      lane_ops += std::round(static_cast<double>(work.elements.value()) * work.lane_ops_per_element);
      constants += work.constants.value();
      lane_waits += summing_waits(accelerator_.core, work.summed, work.stored_sums);
    }
    lane_ops_.emplace_back(static_cast<std::uint64_t>(lane_ops), parts);
    lane_waits_.emplace_back(lane_waits, parts);
    constants_.emplace_back(constants, parts);
    for (const Stream& stream : reads_) read_shares_.emplace_back(stream.bytes.value(), parts);
    for (const Stream& stream : writes_) write_shares_.emplace_back(stream.bytes.value(), parts);
  }

  void write_core(KernelProgram::CoreProgram& core) {
    if (lane_ops_.empty()) start_shares();
    std::vector<Bytes> pending(writes_.size());
    core.units[static_cast<std::size_t>(Unit::load)].reserve(tiles_ * reads_.size());
    core.units[static_cast<std::size_t>(Unit::sfu)].reserve(tiles_);
    core.units[static_cast<std::size_t>(Unit::store)].reserve(tiles_ * writes_.size());
    for (std::uint64_t tile = 0; tile < tiles_; ++tile) {
      Instruction work;
      const bool last = tile + 1 == tiles_;
      work.lane_ops = lane_ops_.front().next(1);
      work.lane_waits = lane_waits_.front().next(1);
      work.l1_read = Bytes{constants_.front().next(1)};
      for (std::size_t i = 0; i < reads_.size(); ++i) read_tile(core, work, i, tile, last);
      std::vector<Instruction> stores;
      for (std::size_t i = 0; i < writes_.size(); ++i) write_tile(work, stores, pending[i], i, tile, last);
      core.units[static_cast<std::size_t>(Unit::sfu)].push_back(std::move(work));
      auto& queue = core.units[static_cast<std::size_t>(Unit::store)];
      queue.insert(queue.end(), stores.begin(), stores.end());
    }
  }

  void read_tile(KernelProgram::CoreProgram& core, Instruction& work, std::size_t i, std::uint64_t tile, bool last) {
    const Stream& stream = reads_[i];
    const Bytes share{read_shares_[i].next(1)};
    work.l1_read += share;
    if (stream.resident) return;
    const SlotIndex slot = turn(stream, tile);
    work.waits.push_back(slot);
    if (!stream.once || last) work.frees.push_back(slot);
    if (stream.once && tile > 0) return;
    Instruction load;
    load.acquires = {slot};
    load.publishes = {slot};
    load.bytes = stream.once ? stream.bytes : share;
    load.pitch = stream.pitch;
    load.piece = stream.piece;
    load.clash = stream.clash;
    load.resident = load.bytes.value() == 0;
    if (stream.once && cores_ > 1 && accelerator_.ring.multicast) {
      load.multicast = static_cast<std::uint32_t>(i + 1);
      load.multicast_cores = cores_;
    }
    core.units[static_cast<std::size_t>(Unit::load)].push_back(load);
  }

  void write_tile(Instruction& work, std::vector<Instruction>& stores, Bytes& pending, std::size_t i,
                  std::uint64_t tile, bool last) {
    const Stream& stream = writes_[i];
    const Bytes share{write_shares_[i].next(1)};
    work.l1_written += share;
    if (stream.resident) return;
    pending += share;
    const SlotIndex slot = turn(stream, tile);
    if (!stream.once || tile == 0) work.acquires.push_back(slot);
    if (stream.once && !last) return;
    work.publishes.push_back(slot);
    Instruction store;
    store.waits = {slot};
    store.frees = {slot};
    store.bytes = stream.once ? pending : share;
    store.pitch = stream.pitch;
    store.piece = stream.piece;
    store.clash = stream.clash;
    store.resident = store.bytes.value() == 0;
    if (stream.exchanged) {
      store.reduce = static_cast<std::uint32_t>(i + 1);
      store.reduce_cores = cores_;
      store.reduce_bytes = stream.bytes;
      store.reduce_bits = stream.bits;
    }
    stores.push_back(store);
  }

  const Operation& operation_;
  const Accelerator& accelerator_;
  std::uint32_t cores_ = 1;
  Bytes budget_;
  std::uint64_t tiles_ = 1;
  std::vector<Stream> reads_, writes_;
  std::vector<Bytes> slot_sizes_;
  std::vector<ProRata> lane_ops_, lane_waits_, constants_, read_shares_, write_shares_;
};

}  // namespace

KernelProgram build_vector_program(const Step& step, std::size_t operation, const Accelerator& accelerator,
                                   const OperationResidency& residency, const MapperOptions& options) {
  return VectorBuilder{step, operation, accelerator, residency, options}.build();
}

}  // namespace nibble
