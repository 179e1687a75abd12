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
  Bytes pitch, piece, column;
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
    const std::vector<VectorWork>& all = operation_.vector;
    in_arrays_ = std::any_of(all.begin(), all.end(), [](const VectorWork& work) { return work.in_arrays; });
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
      return Stream{use.bytes, use.pitch, use.piece, use.column, use.clash, resident, once, exchanged, bits};
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
    share_out(residency.by_sample ? step.batch : cores_);
    choose_tiles(largest);
  }

  [[nodiscard]] bool fits() const { return fits_; }

  [[nodiscard]] KernelLoad load() const {
    const MachineRates rates{accelerator_};
    const double tiles = static_cast<double>(tiles_);
    const double share = static_cast<double>(weights_.front()) / static_cast<double>(all_weights_);
    const Lanes lanes = lanes_of_all();
    KernelLoad load;
    for (const Stream& stream : reads_) {
      if (stream.resident) continue;
      const auto bytes = static_cast<double>(stream.bytes.value());
      load.memory_read += bytes * (stream.once && !accelerator_.ring.multicast ? cores_ : 1);
      load.loaded_per_core += stream.once ? bytes : bytes * share;
    }
    for (const Stream& stream : writes_) load.memory_written += stream.resident ? 0 : static_cast<double>(stream.bytes.value());
    load.sfu = static_cast<double>(lanes.ops + lanes.waits) * share / rates.lane_ops_per_cycle + tiles * rates.sfu_startup_cycles;
    load.tile_sfu = load.sfu / tiles;
    load.streamed_tiles = load.memory_read > 0 ? tiles : 0;
    load.first_read = load.memory_read / tiles;
    load.last_written = load.memory_written / tiles;
    return load;
  }

  KernelProgram build() {
    if (!fits_) {
      throw InputError{"MAP-L1", fmt::format("{}: its vector work does not fit the {} B of L1 that a core has",
                                             operation_.layer, budget_.value()),
                       "enlarge core.l1.capacity"};
    }
    KernelProgram program;
    program.layer = operation_.layer;
    program.pass = operation_.pass;
    program.slots = slot_sizes_;
    program.cores.resize(accelerator_.cores);
    for (std::uint32_t core = 0; core < cores_; ++core) write_core(program.cores[core], weights_[core]);
    std::uint64_t streams = 0;
    for (const auto* all : {&reads_, &writes_}) {
      for (const Stream& stream : *all) streams += stream.once ? 0 : 1;
    }
    program.mapping = fmt::format("{} streams over {} cores, {} tiles each", streams, cores_, tiles_);
    return program;
  }

 private:
  /// Cores get whole units of work (samples where tensors lie so), the first ones one more if there is a rest.
  void share_out(std::uint64_t units) {
    for (std::uint32_t core = 0; core < cores_; ++core) weights_.push_back(balanced_part(units, cores_, core).size());
    all_weights_ = units;
  }

  /// The fewest tiles that fit L1 twice, are no longer than kTileBytes, and are enough to overlap; or those of the machine.
  void choose_tiles(Bytes largest) {
    const std::uint64_t largest_share = scale_up(largest.value(), weights_.front(), all_weights_);
    const std::uint64_t own = accelerator_.core.l1.vector_tile.value();
    tiles_ = own > 0 ? std::max<std::uint64_t>(1, ceil_div(largest_share, own))
                     : std::max<std::uint64_t>(kTilesPerCore, ceil_div(largest_share, kTileBytes));
    tiles_ = std::min(tiles_, std::max<std::uint64_t>(1, largest_share / accelerator_.memory.granule.value()));
    fits_ = lay_out_slots();
    while (!fits_ && tiles_ <= largest_share) {
      tiles_ *= 2;
      fits_ = lay_out_slots();
    }
  }

  bool lay_out_slots() {
    slot_sizes_.clear();
    Bytes sum;
    for (auto* all : {&reads_, &writes_}) {
      for (Stream& stream : *all) {
        if (stream.resident) continue;
        stream.slot = static_cast<SlotIndex>(slot_sizes_.size());
        const Bytes size = stream.once ? stream.bytes : Bytes{scale_up(stream.bytes.value(), weights_.front(), all_weights_ * tiles_) + 1};
        const std::size_t copies = stream.once ? 1 : 2;
        slot_sizes_.insert(slot_sizes_.end(), copies, size);
        sum += size * copies;
      }
    }
    return sum <= budget_;
  }

  /// One of a core's tiles.
  struct Turn {
    std::uint64_t weight = 1;  ///< its part of the whole
    std::uint64_t tile = 0;
    bool last = false;
  };

  [[nodiscard]] static SlotIndex turn(const Stream& stream, std::uint64_t tile) {
    return static_cast<SlotIndex>(stream.once ? stream.slot : stream.slot + tile % 2);
  }

  /// What all lanes together have to do.
  struct Lanes {
    std::uint64_t ops = 0, waits = 0, constants = 0;
  };
  [[nodiscard]] Lanes lanes_of_all() const {
    Lanes lanes;
    double ops = 0;
    for (const VectorWork& work : operation_.vector) {
      ops += std::round(static_cast<double>(work.elements.value()) * work.lane_ops_per_element);
      lanes.constants += work.constants.value();
      lanes.waits += summing_waits(accelerator_.core, work.summed, work.stored_sums);
    }
    lanes.ops = static_cast<std::uint64_t>(ops);
    return lanes;
  }

  /// Deals out amounts over all tiles of all cores so that the shares add up exactly.
  void start_shares() {
    const std::uint64_t parts = tiles_ * all_weights_;
    const Lanes lanes = lanes_of_all();
    lane_ops_.emplace_back(lanes.ops, parts);
    lane_waits_.emplace_back(lanes.waits, parts);
    constants_.emplace_back(lanes.constants, parts);
    for (const Stream& stream : reads_) read_shares_.emplace_back(stream.bytes.value(), parts);
    for (const Stream& stream : writes_) write_shares_.emplace_back(stream.bytes.value(), parts);
  }

  void write_core(KernelProgram::CoreProgram& core, std::uint64_t weight) {
    if (lane_ops_.empty()) start_shares();
    std::vector<Bytes> pending(writes_.size());
    core.units[static_cast<std::size_t>(Unit::load)].reserve(tiles_ * reads_.size());
    core.units[static_cast<std::size_t>(Unit::sfu)].reserve(tiles_);
    core.units[static_cast<std::size_t>(Unit::store)].reserve(tiles_ * writes_.size());
    for (std::uint64_t tile = 0; tile < tiles_; ++tile) {
      Instruction work;
      const bool last = tile + 1 == tiles_;
      work.lane_ops = lane_ops_.front().next(weight);
      work.lane_waits = lane_waits_.front().next(weight);
      work.continues = tile > 0 && accelerator_.core.l1.vector_tile.value() > 0;
      work.l1_read = Bytes{constants_.front().next(weight)};
      for (std::size_t i = 0; i < reads_.size(); ++i) read_tile(core, work, i, {weight, tile, last});
      std::vector<Instruction> stores;
      for (std::size_t i = 0; i < writes_.size(); ++i) write_tile(work, stores, pending[i], i, {weight, tile, last});
      core.units[static_cast<std::size_t>(Unit::sfu)].push_back(std::move(work));
      auto& queue = core.units[static_cast<std::size_t>(Unit::store)];
      queue.insert(queue.end(), stores.begin(), stores.end());
    }
  }

  void read_tile(KernelProgram::CoreProgram& core, Instruction& work, std::size_t i, const Turn& at) {
    const Stream& stream = reads_[i];
    const Bytes share{read_shares_[i].next(at.weight)};
    (in_arrays_ && !stream.once ? work.l1_streamed : work.l1_read) += share;
    if (stream.resident) return;
    const SlotIndex slot = turn(stream, at.tile);
    work.waits.push_back(slot);
    if (!stream.once || at.last) work.frees.push_back(slot);
    if (stream.once && at.tile > 0) return;
    Instruction load;
    load.acquires = {slot};
    load.publishes = {slot};
    load.bytes = stream.once ? stream.bytes : share;
    load.pitch = stream.pitch;
    load.piece = stream.piece;
    load.column = stream.column;
    load.clash = stream.clash;
    load.resident = load.bytes.value() == 0;
    if (stream.once && cores_ > 1 && accelerator_.ring.multicast) {
      load.multicast = static_cast<std::uint32_t>(i + 1);
      load.multicast_cores = cores_;
    }
    core.units[static_cast<std::size_t>(Unit::load)].push_back(load);
  }

  void write_tile(Instruction& work, std::vector<Instruction>& stores, Bytes& pending, std::size_t i, const Turn& at) {
    const Stream& stream = writes_[i];
    const Bytes share{write_shares_[i].next(at.weight)};
    work.l1_written += share;
    if (stream.resident) return;
    pending += share;
    const SlotIndex slot = turn(stream, at.tile);
    if (!stream.once || at.tile == 0) work.acquires.push_back(slot);
    if (stream.once && !at.last) return;
    work.publishes.push_back(slot);
    Instruction store;
    store.waits = {slot};
    store.frees = {slot};
    store.bytes = stream.once ? pending : share;
    store.pitch = stream.pitch;
    store.piece = stream.piece;
    store.column = stream.column;
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
  std::vector<std::uint64_t> weights_;  ///< by core: how many of all units of work it has, in each of its tiles
  std::uint64_t all_weights_ = 0;
  Bytes budget_;
  std::uint64_t tiles_ = 1;
  bool fits_ = false;
  bool in_arrays_ = false;  ///< VectorWork::in_arrays
  std::vector<Stream> reads_, writes_;
  std::vector<Bytes> slot_sizes_;
  std::vector<ProRata> lane_ops_, lane_waits_, constants_, read_shares_, write_shares_;
};

}  // namespace

std::optional<KernelLoad> vector_load(const Step& step, std::size_t operation, const Accelerator& accelerator,
                                      const OperationResidency& residency) {
  const VectorBuilder builder{step, operation, accelerator, residency, {}};
  return builder.fits() ? std::optional{builder.load()} : std::nullopt;
}

KernelProgram build_vector_program(const Step& step, std::size_t operation, const Accelerator& accelerator,
                                   const OperationResidency& residency, const MapperOptions& options) {
  return VectorBuilder{step, operation, accelerator, residency, options}.build();
}

}  // namespace nibble
