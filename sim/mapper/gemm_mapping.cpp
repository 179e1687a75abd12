#include "sim/mapper/gemm_mapping.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "sim/mapper/gemm_loops.hpp"
#include "sim/mapper/multicasts.hpp"
#include "sim/mapper/prorata.hpp"

namespace nibble {

namespace {

constexpr std::size_t kLoad = static_cast<std::size_t>(Unit::load);
constexpr std::size_t kMpe = static_cast<std::size_t>(Unit::mpe);
constexpr std::size_t kSfu = static_cast<std::size_t>(Unit::sfu);
constexpr std::size_t kStore = static_cast<std::size_t>(Unit::store);

Instruction load_instruction(Bytes bytes, SlotIndex slot) {
  Instruction load;
  load.acquires = {slot};
  load.publishes = {slot};
  load.bytes = bytes;
  load.resident = bytes.value() == 0;
  return load;
}

Instruction store_instruction(Bytes bytes, SlotIndex slot) {
  Instruction store;
  store.waits = {slot};
  store.frees = {slot};
  store.bytes = bytes;
  store.resident = bytes.value() == 0;
  return store;
}

std::string describe(const GemmSpace& space, const GemmTiling& tiling, const TileCounts& tiles,
                     const TileExtents& tile) {
  const bool reduce = space.pixels_reduce;
  const auto keep = [](bool resident, Keep rule) -> const char* {
    if (resident) return "in L1";
    return rule == Keep::stream ? "streamed" : rule == Keep::panel ? "kept by panel" : "kept";
  };
  return fmt::format("cores c{} m{} n{} k{}, tile {}x{}x{}{}, tiles m{} n{} k{}, {} outer, A {}, B {}, corelets by {}",
                     tiling.split.count, tiling.split.m, tiling.split.n, tiling.split.k,
                     reduce ? tile.channels : tile.pixels.pixels, tile.n,
                     reduce ? tile.pixels.pixels : tile.channels,
                     space.count > 1 ? fmt::format(" (x{})", tile.count) : "", tiles.m, tiles.n, tiles.k,
                     tiling.order == LoopOrder::m_outer ? "m" : "n", keep(space.a_resident, tiling.keep_a),
                     keep(space.b_resident, tiling.keep_b),
                     tiling.corelets_split_n ? "n" : tile.count > 1 ? "count" : "m");
}

/// Writes the cores' instructions one output tile after another.
class GemmBuilder {
 public:
  GemmBuilder(const GemmSpace& space, const GemmTiling& tiling) : space_{space}, tiling_{tiling} {
    const CoreSplit& split = tiling.split;
    for (std::uint64_t core = 0; core < split.cores(); ++core) {
      tiles_.push_back(core_tiles(space, tiling, core_position(split, core)));
      const CoreTiles& mine = tiles_.back();
      const TileCounts counts = mine.counts();
      most_.count = std::max(most_.count, counts.count);
      most_.m = std::max(most_.m, counts.m);
      most_.n = std::max(most_.n, counts.n);
      most_.k = std::max(most_.k, counts.k);
      for (const PixelTile& tile : mine.pixels) {
        largest_.pixels.pixels = std::max(largest_.pixels.pixels, tile.pixels);
        largest_.pixels.input_pixels = std::max(largest_.pixels.input_pixels, tile.input_pixels);
      }
    }
    largest_.channels = tiles_.front().channels.front();
    largest_.n = tiles_.front().n.front();
    largest_.count = tiles_.front().count.front();
    slots_ = gemm_slots(space, tiling, most_, largest_);
  }

  KernelProgram build() {
    const CoreSplit& split = tiling_.split;
    const bool multicast = space_.accelerator->ring.multicast;
    const std::size_t groups = split.cores();  // upper bound: a group is named after its first core
    Multicasts a_loads{multicast && split.n > 1, groups, most_.steps()};
    Multicasts b_loads{multicast && split.m > 1, groups, most_.steps()};
    Multicasts once_loads{multicast && split.cores() > 1, 1, space_.extra_reads.size()};
    a_loads_ = &a_loads;
    b_loads_ = &b_loads;
    once_loads_ = &once_loads;
    start_pro_rata();
    cores_.resize(space_.accelerator->cores);
    for (std::uint64_t core = 0; core < split.cores(); ++core) write_core(core);
    std::uint32_t id = a_loads.assign(cores_, 1);
    id = b_loads.assign(cores_, id);
    once_loads.assign(cores_, id);
    return finish();
  }

 private:
  void start_pro_rata() {
    const std::uint64_t weights = space_.outputs() * tiling_.split.k;
    lane_ops_ = std::make_unique<ProRata>(space_.lane_ops, weights);
    lane_waits_ = std::make_unique<ProRata>(space_.lane_waits, weights);
    l1_extra_ = std::make_unique<ProRata>(space_.l1_extra_reads.value(), weights);
    l1_writes_ = std::make_unique<ProRata>(space_.l1_writes.value(), weights);
    for (const EpilogueUse& use : space_.extra_reads) extra_shares_.emplace_back(use.bytes.value(), weights);
    for (const EpilogueUse& use : space_.stores) store_shares_.emplace_back(use.bytes.value(), weights);
    once_pending_.resize(space_.stores.size());
  }

  /// Number of the step in loops as long as the longest core's: the same tile has the same number on every core.
  [[nodiscard]] std::size_t step_number(const LoopStep& step) const {
    return ((step.count * most_.m + step.m) * most_.n + step.n) * most_.k + step.k;
  }

  void write_core(std::uint64_t core);
  void load_operands(std::uint64_t core, const LoopStep& step, std::size_t index);
  void load_extras(std::uint64_t core, std::size_t output, std::uint64_t elements);
  void multiply(std::uint64_t core, const LoopStep& step, std::size_t index, std::size_t output);
  void vector_work(std::uint64_t core, std::size_t output, bool last, std::uint64_t elements);
  void store_reduced(std::uint64_t core, const LoopStep& step, std::size_t output, std::uint64_t elements);
  void pass_sums_on(std::uint64_t core, const LoopStep& step, std::size_t output, std::uint64_t elements);
  void store_outputs(std::uint64_t core, const LoopStep& step, std::size_t output, std::uint64_t elements);
  void exchange_sums(std::uint64_t core, std::size_t use, Instruction& store) const;
  void fetch_rows(KernelProgram& program) const;
  KernelProgram finish();

  /// How the matrix that an instruction moves lies among others.
  void pick_up(const TensorUse& use, Instruction& instruction) const {
    instruction.interleave = use.interleave;
    instruction.clash = use.clash;
    instruction.crossed = use.interleave > 1 && tiling_.split.count > 1;
  }
  [[nodiscard]] SlotIndex c_slot(std::size_t output) const {
    return static_cast<SlotIndex>(slots_.c + output % slots_.c_count);
  }
  /// The slot of a streamed epilogue operand for output tile `output`.
  [[nodiscard]] SlotIndex turn(SlotIndex first, bool once, std::size_t output) const {
    return static_cast<SlotIndex>(once ? first : first + output % slots_.c_count);
  }
  /// Names the exchange in which the core with part `k_part` of an output tile's reduction passes its sums on.
  [[nodiscard]] std::uint32_t passing(std::uint64_t core, const LoopStep& step, std::uint64_t k_part) const {
    return static_cast<std::uint32_t>(exchange(core, step) * tiling_.split.k + k_part);
  }
  /// Names an exchange of partial sums: the same on all k parts of an output tile.
  [[nodiscard]] std::uint32_t exchange(std::uint64_t core, const LoopStep& step) const {
    const std::uint64_t group = core / tiling_.split.k;
    const std::size_t tile = (step.count * most_.m + step.m) * most_.n + step.n;
    return static_cast<std::uint32_t>(group * most_.outputs() + tile + 1);
  }

  const GemmSpace& space_;
  const GemmTiling& tiling_;
  std::vector<CoreTiles> tiles_;
  TileCounts most_;
  TileExtents largest_;
  GemmSlots slots_;
  Multicasts* a_loads_ = nullptr;
  Multicasts* b_loads_ = nullptr;
  Multicasts* once_loads_ = nullptr;
  std::unique_ptr<ProRata> lane_ops_, lane_waits_, l1_extra_, l1_writes_;
  std::vector<ProRata> extra_shares_, store_shares_;
  std::vector<Bytes> once_pending_;  ///< by store: of the core being written, not stored yet
  std::vector<KernelProgram::CoreProgram> cores_;
  Stays a_stays_, b_stays_;  // of the core being written
};

void GemmBuilder::write_core(std::uint64_t core) {
  const CoreTiles& mine = tiles_[core];
  const TileCounts counts = mine.counts();
  const std::vector<LoopStep> steps = loop_steps(counts, tiling_.order);
  a_stays_ = operand_stays(steps, counts, tiling_.keep_a, true, slots_.a, std::max<std::uint64_t>(1, slots_.a_count));
  b_stays_ = operand_stays(steps, counts, tiling_.keep_b, false, slots_.b, std::max<std::uint64_t>(1, slots_.b_count));
  cores_[core].units[kLoad].reserve(2 * steps.size());
  cores_[core].units[kMpe].reserve(steps.size());
  std::size_t output = 0;
  for (std::size_t index = 0; index < steps.size(); ++index) {
    const LoopStep& step = steps[index];
    load_operands(core, step, index);
    multiply(core, step, index, output);
    if (step.k + 1 < counts.k) continue;
    const std::uint64_t elements = mine.m_extent(step.m) * mine.n[step.n] * mine.count[step.count];
    if (space_.has_vector_work()) {
      load_extras(core, output, elements);
      if (tiling_.split.k > 1) store_reduced(core, step, output, elements);
      vector_work(core, output, output + 1 == counts.outputs(), elements);
    }
    store_outputs(core, step, output, elements);
    ++output;
  }
}

void GemmBuilder::load_operands(std::uint64_t core, const LoopStep& step, std::size_t index) {
  const CoreTiles& mine = tiles_[core];
  const CorePosition at = core_position(tiling_.split, core);
  auto& queue = cores_[core].units[kLoad];
  const Stay& a = a_stays_.stays[a_stays_.of_step[index]];
  if (!space_.a_resident && a.first == index) {
    const bool reduce = space_.pixels_reduce;
    const PixelTile& pixels = mine.pixels[reduce ? step.k : step.m];
    const std::uint64_t channels = mine.channels[reduce ? step.m : step.k];
    CorePosition head = at;
    head.n = 0;
    a_loads_->add(core_number(tiling_.split, head), step_number(step), core, queue.size());
    queue.push_back(load_instruction(space_.a_tile(pixels.input_pixels, channels, mine.count[step.count]), a.slot));
    pick_up(space_.operation->reads[0], queue.back());
  }
  const Stay& b = b_stays_.stays[b_stays_.of_step[index]];
  if (!space_.b_resident && b.first == index) {
    CorePosition head = at;
    head.m = 0;
    b_loads_->add(core_number(tiling_.split, head), step_number(step), core, queue.size());
    queue.push_back(load_instruction(
        space_.b_tile(mine.k_extent(step.k), mine.n[step.n], mine.count[step.count]), b.slot));
    pick_up(space_.operation->reads[1], queue.back());
  }
}

void GemmBuilder::load_extras(std::uint64_t core, std::size_t output, std::uint64_t elements) {
  auto& queue = cores_[core].units[kLoad];
  for (std::size_t use = 0; use < space_.extra_reads.size(); ++use) {
    const bool once = space_.extra_reads[use].once;
    const std::uint64_t share = once ? space_.extra_reads[use].bytes.value() : extra_shares_[use].next(elements);
    if (once && output > 0) continue;
    if (once) once_loads_->add(0, use, core, queue.size());
    queue.push_back(load_instruction(Bytes{share}, turn(slots_.extra_reads[use], once, output)));
  }
}

void GemmBuilder::multiply(std::uint64_t core, const LoopStep& step, std::size_t index, std::size_t output) {
  const CoreTiles& mine = tiles_[core];
  Instruction work;
  const auto use = [&](const Stays& stays) {
    const Stay& stay = stays.stays[stays.of_step[index]];
    work.waits.push_back(stay.slot);
    if (stay.last == index) work.frees.push_back(stay.slot);
  };
  if (!space_.a_resident) use(a_stays_);
  if (!space_.b_resident) use(b_stays_);
  if (step.k == 0) work.acquires.push_back(c_slot(output));
  const std::uint64_t k_part = core_position(tiling_.split, core).k;
  if (step.k == 0 && k_part > 0 && space_.passes_sums(tiling_.split)) work.begins_on = passing(core, step, k_part - 1);
  if (step.k + 1 == mine.counts().k) work.publishes.push_back(c_slot(output));
  work.m = mine.m_extent(step.m);
  work.n = mine.n[step.n];
  work.k = mine.k_extent(step.k);
  work.count = mine.count[step.count];
  work.accumulate = step.k > 0;
  work.split_n = tiling_.corelets_split_n;
  cores_[core].units[kMpe].push_back(std::move(work));
}

void GemmBuilder::store_reduced(std::uint64_t core, const LoopStep& step, std::size_t output,
                                std::uint64_t elements) {
  Instruction exchange_sums;
  const SlotIndex reduced = turn(slots_.reduced, false, output);
  exchange_sums.waits = {c_slot(output)};
  exchange_sums.acquires = {reduced};
  exchange_sums.publishes = {reduced};
  exchange_sums.frees = {c_slot(output)};
  exchange_sums.resident = true;  // nothing goes to memory yet
  exchange_sums.reduce = exchange(core, step);
  exchange_sums.reduce_cores = static_cast<std::uint32_t>(tiling_.split.k);
  exchange_sums.reduce_bytes = space_.c_tile(elements);
  cores_[core].units[kStore].push_back(std::move(exchange_sums));
}

void GemmBuilder::vector_work(std::uint64_t core, std::size_t output, bool last, std::uint64_t elements) {
  Instruction work;
  const bool reduced = tiling_.split.k > 1;
  const SlotIndex sums = reduced ? turn(slots_.reduced, false, output) : c_slot(output);
  work.waits.push_back(sums);
  work.frees.push_back(sums);
  for (std::size_t use = 0; use < space_.extra_reads.size(); ++use) {
    const bool once = space_.extra_reads[use].once;
    const SlotIndex slot = turn(slots_.extra_reads[use], once, output);
    work.waits.push_back(slot);
    if (!once || last) work.frees.push_back(slot);
  }
  for (std::size_t use = 0; use < space_.stores.size(); ++use) {
    const bool once = space_.stores[use].once;
    const SlotIndex slot = turn(slots_.stores[use], once, output);
    if (!once || output == 0) work.acquires.push_back(slot);
    if (!once || last) work.publishes.push_back(slot);
  }
  work.lane_ops = lane_ops_->next(elements);
  work.lane_waits = lane_waits_->next(elements);
  const Bytes sums_read{ceil_div(space_.c_tile(elements).value(), tiling_.split.k)};
  work.l1_read = sums_read + Bytes{l1_extra_->next(elements)};
  work.l1_written = Bytes{l1_writes_->next(elements)};
  cores_[core].units[kSfu].push_back(std::move(work));
}

/// The sums come from the core before, if there is one, and go to the next; the last core has those of the whole reduction.
void GemmBuilder::pass_sums_on(std::uint64_t core, const LoopStep& step, std::size_t output, std::uint64_t elements) {
  auto& queue = cores_[core].units[kStore];
  const std::uint64_t k_part = core_position(tiling_.split, core).k;
  Instruction passing_on;
  passing_on.waits = {c_slot(output)};
  passing_on.resident = true;
  passing_on.passes_on = true;
  passing_on.reduce_cores = 2;
  passing_on.reduce_bytes = space_.c_tile(elements);
  if (k_part > 0) {
    passing_on.reduce = passing(core, step, k_part - 1);
    queue.push_back(passing_on);
  }
  if (k_part + 1 < tiling_.split.k) {
    passing_on.reduce = passing(core, step, k_part);
    passing_on.frees = {c_slot(output)};
    queue.push_back(std::move(passing_on));
    return;
  }
  Bytes bytes;
  for (ProRata& share : store_shares_) bytes += Bytes{share.next(elements * tiling_.split.k)};
  Instruction store = store_instruction(bytes, c_slot(output));
  if (!space_.operation->writes.empty()) pick_up(space_.operation->writes.front(), store);
  queue.push_back(std::move(store));
}

void GemmBuilder::store_outputs(std::uint64_t core, const LoopStep& step, std::size_t output,
                                std::uint64_t elements) {
  auto& queue = cores_[core].units[kStore];
  const bool last = output + 1 == tiles_[core].counts().outputs();
  if (space_.passes_sums(tiling_.split)) return pass_sums_on(core, step, output, elements);
  if (!space_.has_vector_work()) {
    Bytes bytes;
    for (ProRata& share : store_shares_) bytes += Bytes{share.next(elements)};
    Instruction store = store_instruction(bytes, c_slot(output));
    if (!space_.operation->writes.empty()) pick_up(space_.operation->writes.front(), store);
    if (tiling_.split.k > 1) {
      store.reduce = exchange(core, step);
      store.reduce_cores = static_cast<std::uint32_t>(tiling_.split.k);
      store.reduce_bytes = space_.c_tile(elements);
    }
    queue.push_back(std::move(store));
    return;
  }
  for (std::size_t use = 0; use < space_.stores.size(); ++use) {
    const bool once = space_.stores[use].once;
    Bytes bytes{store_shares_[use].next(elements)};
    if (once) {
      once_pending_[use] += bytes;
      if (!last) continue;
      bytes = std::exchange(once_pending_[use], Bytes{});
    }
    Instruction store = store_instruction(bytes, turn(slots_.stores[use], once, output));
    if (space_.stores[use].summed) exchange_sums(core, use, store);
    queue.push_back(std::move(store));
  }
}

/// Cores that share pixels (or parts of k, whose tiles they share out) have parts of the same channels' sums.
void GemmBuilder::exchange_sums(std::uint64_t core, std::size_t use, Instruction& store) const {
  const CoreSplit& split = tiling_.split;
  const EpilogueUse& sums = space_.stores[use];
  const CorePosition at = core_position(split, core);
  const std::uint64_t channel_parts = sums.by_channel ? split.count * split.n : 1;
  const std::uint64_t sharers = split.cores() / channel_parts;
  if (sharers < 2) return;
  const std::uint64_t group = sums.by_channel ? at.count * split.n + at.n : 0;
  const std::uint64_t after_tiles = split.cores() / split.k * most_.outputs() + 1;
  store.reduce = static_cast<std::uint32_t>(after_tiles + use * split.cores() + group);
  store.reduce_cores = static_cast<std::uint32_t>(sharers);
  store.reduce_bytes = Bytes{ceil_div(sums.bytes.value(), channel_parts)};
  store.reduce_bits = sums.bits;
}

/// What other cores hold comes before all else, and stays for as long as the core multiplies.
void GemmBuilder::fetch_rows(KernelProgram& program) const {
  const std::size_t first = program.slots.size();
  program.slots.insert(program.slots.end(), space_.fetch_slots.begin(), space_.fetch_slots.end());
  std::vector<std::size_t> next(program.cores.size(), first);
  for (const RowFetch& fetch : space_.fetches) {
    const std::size_t number = next[fetch.core]++;
    const auto slot = static_cast<SlotIndex>(number);
    auto& units = program.cores[fetch.core].units;
    Instruction load = load_instruction(fetch.bytes, slot);
    load.source = fetch.source;
    units[kLoad].insert(units[kLoad].begin() + static_cast<std::ptrdiff_t>(number - first), std::move(load));
    units[kMpe].front().waits.push_back(slot);
    units[kMpe].back().frees.push_back(slot);
  }
}

KernelProgram GemmBuilder::finish() {
  const GemmWork& gemm = *space_.operation->gemm;
  KernelProgram program;
  program.layer = space_.operation->layer;
  program.pass = space_.operation->pass;
  program.mac_mode = space_.mode->name;
  program.a_format = gemm.a_format;
  program.b_format = gemm.b_format;
  program.depthwise = gemm.depthwise;
  program.a_zeros = gemm.a_zeros;
  program.b_zeros = gemm.b_zeros;
  program.slots = slots_.sizes();
  program.cores = std::move(cores_);
  fetch_rows(program);
  program.mapping = describe(space_, tiling_, tiles_.front().counts(), largest_);
  return program;
}

}  // namespace
KernelProgram build_gemm_program(const GemmSpace& space, const GemmTiling& tiling) {
  return GemmBuilder{space, tiling}.build();
}

}  // namespace nibble
