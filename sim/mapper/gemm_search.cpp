#include "sim/mapper/gemm_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "models/base/error.hpp"
#include "models/timing/array_pass.hpp"
#include "sim/mapper/cost_estimate.hpp"
#include "sim/mapper/gemm_candidates.hpp"

namespace nibble {
namespace {

// Mappings whose estimates differ by less are equal as far as the estimate can tell.
constexpr double kTimeTolerance = 1.02;
// A bound is a sum of other roundings than the estimate that it bounds.
constexpr double kRoundingSlack = 1e-9;
// Tile sizes tried along one axis: the whole share, then halves, until some have been found to fit.
constexpr int kCutsPerAxis = 12;
constexpr int kFitsPerAxis = 3;
// Slots of a program: what a core's sequencer is thought to keep track of (ESTIMATE), and well within SlotIndex.
constexpr std::uint64_t kMostSlots = 1024;
// Smaller scratchpads that a choice which reads something twice is held against: so many from one power of two to the next;
// and none smaller than one whose choice moves so many times as much.
constexpr std::uint64_t kScratchpadSteps = 4;
constexpr double kFarBehind = 1.05;

/// Walks the candidates and keeps the best ones.
class Search {
 public:
  Search(const GemmSpace& space, const MapperOptions& options)
      : space_{space}, options_{options}, times_{space}, rates_{*space.accelerator} {}

  std::optional<GemmChoice> run() {
    if (options_.split) {
      require_feasible(*options_.split);
      try_split(*options_.split);
    } else {
      for (const CoreSplit& split : all_splits(space_.accelerator->cores)) {
        if (allowed(split)) try_split(split);
      }
    }
    return best();
  }

 private:
  /// Every part of the split has something to do.
  [[nodiscard]] bool feasible(const CoreSplit& split) const {
    const std::uint64_t units = space_.channels / space_.taps;
    return split.count <= space_.count && over_rows(split) <= space_.pixels.all_rows() &&
           over_channels(split) <= units && split.n <= space_.n;
  }

  [[nodiscard]] bool allowed(const CoreSplit& split) const {
    if (!feasible(split)) return false;
    if (space_.by_columns) return split.cores() == space_.accelerator->cores && split.n == split.cores();
    if (!space_.by_sample) return true;
    // Tensors that are held lie on all cores by sample: the cores share the work in just that way.
    const std::uint64_t by_sample = space_.samples_in_count ? split.count : over_rows(split);
    return split.cores() == space_.accelerator->cores && by_sample == split.cores();
  }

  void require_feasible(const CoreSplit& split) const {
    const std::uint64_t cores = space_.accelerator->cores;
    if (split.cores() > 0 && split.cores() <= cores && feasible(split)) return;
    throw InputError{"MAP-SPLIT", fmt::format("{}: cannot be shared as count {}, m {}, n {}, k {}",
                                              space_.operation->layer, split.count, split.m, split.n, split.k),
                     fmt::format("at most {} parts, none of them empty", cores)};
  }

  [[nodiscard]] std::uint64_t over_rows(const CoreSplit& split) const {
    return space_.pixels_reduce ? split.k : split.m;
  }
  [[nodiscard]] std::uint64_t over_channels(const CoreSplit& split) const {
    return space_.pixels_reduce ? split.m : split.k;
  }

  /// A size of the pixels' tiles, and what it makes of a core's share.
  struct Pixels {
    PixelCut cut;
    PixelSummary sum;               ///< of the first core, with the largest tile of any
    std::uint64_t most_tiles = 0;   ///< of any core: a share that crosses samples may have more than the first
  };

  /// All sizes tried for shares of one in `parts`: splits that cut the pixels alike see the same tiles.
  const std::vector<Pixels>& pixels_of(std::uint64_t parts, Span rows) {
    const auto [found, fresh] = pixels_.try_emplace(parts);
    if (fresh) {
      for (const PixelCut& cut_size : pixel_cuts(space_.pixels, rows)) {
        found->second.push_back(pixels_of_cores(parts, cut_size));
      }
    }
    return found->second;
  }

  /// The tiles of the first core's share, which is the largest, with the largest tile of any core: a part in the middle
  /// of an image has a halo on both sides.
  [[nodiscard]] Pixels pixels_of_cores(std::uint64_t parts, PixelCut cut_size) const {
    Pixels pixels{cut_size, space_.pixels.summary(space_.pixels.split(parts, 0), cut_size)};
    pixels.most_tiles = pixels.sum.tiles;
    if (parts <= space_.pixels.samples()) return pixels;
    for (std::uint64_t part = 1; part < parts; ++part) {
      const PixelSummary other = space_.pixels.summary(space_.pixels.split(parts, part), cut_size);
      PixelTile& largest = pixels.sum.largest;
      largest.input_pixels = std::max(largest.input_pixels, other.largest.input_pixels);
      pixels.most_tiles = std::max(pixels.most_tiles, other.tiles);
    }
    return pixels;
  }

  /// Extents tried along a share's other axes.
  struct Sizes {
    std::vector<std::uint64_t> channels, counts;
  };

  /// An output tile.
  struct OutputShape {
    PixelCut rows;
    std::uint64_t columns = 0;
  };

  /// Parts of equal size, as few as the limit allows, in multiples of `grain`.
  static std::uint64_t even_part(std::uint64_t extent, std::uint64_t limit, std::uint64_t grain) {
    const std::uint64_t parts = ceil_div(extent, std::max<std::uint64_t>(1, limit));
    return std::min(extent, ceil_div(ceil_div(extent, parts), grain) * grain);
  }

  /// The one shape that a machine with `output_side` uses: long along the axis that more cores share, rows if equally many
  /// do. A core alone has the longer axis of the product, columns if neither is twice as long.
  [[nodiscard]] OutputShape fixed_shape(const CoreSplit& split, const CoreShare& share, std::uint64_t width) const {
    const L1Scratchpad& l1 = space_.accelerator->core.l1;
    if (l1.gathered_rows > 0 && space_.gathers()) {
      return {{even_part(share.rows.size(), l1.gathered_rows, 1), space_.pixels.columns()}, std::min(share.n, width)};
    }
    const bool alone = split.m * split.n == 1;
    const bool long_rows = alone ? space_.pixels.pixels() >= 2 * space_.n : split.m >= split.n;
    const std::uint64_t elements = l1.output_tile.value() > 0 ? l1.output_tile.value() * 8 / space_.accumulator_bits
                                                              : std::uint64_t{l1.output_side} * l1.output_side;
    const std::uint64_t columns_of_row = space_.pixels.columns();
    const auto rows = [&](std::uint64_t limit) {
      return even_part(share.rows.size(), std::max<std::uint64_t>(1, limit / columns_of_row), 1);
    };
    const auto columns = [&](std::uint64_t limit) { return even_part(share.n, std::max(limit, width), width); };
    const auto rest = [&](std::uint64_t taken) { return std::min<std::uint64_t>(l1.output_side, elements / taken); };
    if (long_rows) {
      const std::uint64_t m = rows(l1.output_side);
      return {{m, columns_of_row}, columns(rest(m * columns_of_row))};
    }
    const std::uint64_t n = columns(l1.output_side);
    return {{rows(rest(n)), columns_of_row}, n};
  }

  void try_split(const CoreSplit& split) {
    const CoreShare share = core_share(space_, split, {});
    const MpeArray& mpe = space_.accelerator->core.mpe;
    const std::uint64_t width = std::uint64_t{mpe.columns} * mpe.lanes;
    // Whole channels that fill a stationary block and do not spill over into a next one.
    const std::uint64_t depth = std::max<std::uint64_t>(
        1, block_shape(mpe, *space_.mode, space_.operation->gemm->b_format).depth / space_.taps);
    const std::uint64_t channel_grain = space_.pixels_reduce ? space_.taps : depth * space_.taps;
    const Sizes sizes{halvings(share.channels, channel_grain, kCutsPerAxis),
                      halvings(share.groups.size(), 1, kCutsPerAxis)};
    if (space_.accelerator->core.l1.output_side > 0 && !space_.pixels_reduce) {
      const OutputShape shape = fixed_shape(split, share, width);
      if (try_tiles(split, share, {pixels_of_cores(over_rows(split), shape.rows)}, {shape.columns}, sizes)) return;
    }
    try_tiles(split, share, pixels_of(over_rows(split), share.rows), halvings(share.n, width, kCutsPerAxis), sizes);
  }

  /// True if some of these output tiles fits.
  bool try_tiles(const CoreSplit& split, const CoreShare& share, const std::vector<Pixels>& rows,
                 const std::vector<std::uint64_t>& widths, const Sizes& sizes) {
    bool any = false;
    for (const Pixels& pixels : rows) {
      int fits = 0;
      for (const std::uint64_t n : widths) {
        if (fits == kFitsPerAxis) break;  // smaller tiles only add steps
        fits += try_depths({.split = split, .pixels = pixels.cut, .n = n}, share, pixels, sizes) ? 1 : 0;
      }
      any = any || fits > 0;
    }
    return any;
  }

  /// True if some depth of this tile fits.
  bool try_depths(GemmTiling tiling, const CoreShare& share, const Pixels& pixels, const Sizes& sizes) {
    int fits = 0;
    for (const std::uint64_t channels : sizes.channels) {
      if (fits == kFitsPerAxis) break;
      tiling.channels = channels;
      for (const std::uint64_t count : sizes.counts) {
        tiling.count = count;
        if (!try_orders(tiling, share, pixels)) continue;
        ++fits;
        break;
      }
    }
    return fits > 0;
  }

  /// True if some order of this tile size fits.
  bool try_orders(GemmTiling& tiling, const CoreShare& share, const Pixels& pixels) {
    TileCounts tiles;
    tiles.count = ceil_div(share.groups.size(), tiling.count);
    tiles.n = ceil_div(share.n, tiling.n);
    (space_.pixels_reduce ? tiles.k : tiles.m) = pixels.sum.tiles;
    (space_.pixels_reduce ? tiles.m : tiles.k) = ceil_div(share.channels, tiling.channels);
    TileCounts most = tiles;  // of any core: what the slots have to hold
    (space_.pixels_reduce ? most.k : most.m) = pixels.most_tiles;
    const Tile tile{share, pixels.sum, tiles, most, {pixels.sum.largest, tiling.channels, tiling.n, tiling.count}};
    const GemmSlots slots = gemm_slots(space_, tiling, most, tile.largest);
    const Bytes output_limit = space_.accelerator->core.l1.output_tile;
    if (output_limit.value() > 0 && slots.groups[2].size > output_limit) return false;
    // Only how many slots A and B have depends on the order and on what is kept.
    const std::uint64_t others = slots.total - slots.a_count - slots.b_count;
    const Bytes other_bytes = slots.footprint() - slots.groups[0].size * slots.a_count - slots.groups[1].size * slots.b_count;
    std::array<std::optional<Price>, 4> prices;  // by which of A and B are streamed
    bool fits = false;
    for (const Arrangement& way : arrangements_) {
      tiling.order = way.order;
      tiling.keep_a = way.keep_a;
      tiling.keep_b = way.keep_b;
      const std::uint64_t a_count = space_.a_resident ? 0 : a_slots(tiling, most);
      const std::uint64_t b_count = space_.b_resident ? 0 : b_slots(tiling, most);
      if (others + a_count + b_count > kMostSlots) continue;
      if (other_bytes + slots.groups[0].size * a_count + slots.groups[1].size * b_count > space_.budget) continue;
      fits = true;
      std::optional<Price>& known = prices[way.streams()];
      if (!known) known = price(tiling, tile);
      // The best can only become better: what is too slow now is too slow in the end.
      if (!options_.prune || known->cycles <= limit()) consider(tiling, *known);
    }
    return fits;
  }

  /// An order of the loops with what stays in L1.
  struct Arrangement {
    LoopOrder order;
    Keep keep_a, keep_b;
    [[nodiscard]] std::size_t streams() const {
      return (keep_a == Keep::stream ? 1U : 0U) + (keep_b == Keep::stream ? 2U : 0U);
    }
  };

  static std::vector<Arrangement> arrangements(bool keeps) {
    std::vector<Arrangement> all;
    for (const LoopOrder order : {LoopOrder::m_outer, LoopOrder::n_outer}) {
      for (const Keep outer : {Keep::stream, Keep::panel}) {
        for (const Keep inner : {Keep::stream, Keep::all}) {
          if (!keeps && (outer != Keep::stream || inner != Keep::stream)) continue;
          const bool m_outer = order == LoopOrder::m_outer;
          all.push_back({order, m_outer ? outer : inner, m_outer ? inner : outer});
        }
      }
    }
    return all;
  }

  /// A size of tiles on the busiest core.
  struct Tile {
    const CoreShare& share;
    const PixelSummary& pixels;
    TileCounts counts;
    TileCounts most;      ///< of any core: cores ask together for a tile, but not for one that only some come to
    TileExtents largest;
  };
  struct Price {
    double cycles = 0, bytes = 0, tiles = 0;
    bool corelets_split_n = true;
  };

  /// What is slower than this cannot be chosen any more.
  [[nodiscard]] double limit() const { return best_cycles_ * kTimeTolerance; }

  /// The estimate; or, if the traffic alone and arrays at their peak are too slow already, that bound.
  [[nodiscard]] Price price(const GemmTiling& tiling, const Tile& tile) {
    const TileExtents& largest = tile.largest;
    const std::uint64_t m = space_.pixels_reduce ? largest.channels : largest.pixels.pixels;
    const std::uint64_t k = space_.pixels_reduce ? largest.pixels.pixels : largest.channels;
    const double macs_in_tiles = static_cast<double>(m) * static_cast<double>(largest.n) * static_cast<double>(k) *
                                 static_cast<double>(largest.count);
    const CoreShare& share = tile.share;
    const double macs = static_cast<double>(tile.pixels.pixels) * static_cast<double>(share.channels) *
                        static_cast<double>(share.n) * static_cast<double>(share.groups.size());
    KernelLoad load;
    add_traffic(tiling, tile, load);
    add_vector_work(tiling, tile.counts, m * largest.n * largest.count, load);
    const double bytes = load.memory_read + load.memory_written;
    load.compute = macs / peak_macs_per_core_;
    const double least = pipeline_cycles(rates_, load) * (1 - kRoundingSlack);
    if (options_.prune && least > limit()) return {least, bytes, 0};
    const TileTime& time = times_.of(m, largest.n, k, largest.count, tile.counts.k > 1);
    // Neighbours that pass sums on work in turns.
    const double turns = space_.passes_sums(tiling.split) ? 2 : 1;
    load.compute = turns * time.total * macs / macs_in_tiles;
    load.tile_compute = time.total;
    return {pipeline_cycles(rates_, load), bytes, static_cast<double>(tile.most.steps()), time.split_n};
  }

  void consider(GemmTiling tiling, const Price& price) {
    tiling.corelets_split_n = price.corelets_split_n;
    candidates_.push_back({tiling, price.cycles, price.bytes, price.tiles});
    best_cycles_ = std::min(best_cycles_, price.cycles);
  }

  void add_traffic(const GemmTiling& tiling, const Tile& tile, KernelLoad& load) const {
    const TileCounts &tiles = tile.counts, &most = tile.most;
    const TileExtents& largest = tile.largest;
    const bool multicast = space_.accelerator->ring.multicast;
    const CoreSplit& split = tiling.split;
    const auto row_parts = static_cast<double>(space_.pixels_reduce ? split.k : split.m);
    const auto cores = static_cast<double>(split.cores());
    if (!space_.a_resident) {
      const double halo = static_cast<double>(tile.pixels.input_pixels) * row_parts /
                          static_cast<double>(space_.pixels.input_pixels());
      const double once = static_cast<double>(space_.a.value()) * halo * static_cast<double>(a_passes(tiling, most));
      load.memory_read += once * (multicast ? 1.0 : static_cast<double>(split.n));
      load.loaded_per_core += once * static_cast<double>(split.n) / cores;
      load.first_read += static_cast<double>(
          space_.a_tile(largest.pixels.input_pixels, largest.channels, largest.count).value()) * cores /
          (multicast ? static_cast<double>(split.n) : 1.0);
    }
    if (!space_.b_resident) {
      const double once = static_cast<double>(space_.b.value()) * static_cast<double>(b_passes(tiling, most));
      const double parts = static_cast<double>(split.m);
      load.memory_read += once * (multicast ? 1.0 : parts);
      load.loaded_per_core += once * parts / cores;
      const std::uint64_t k = space_.pixels_reduce ? largest.pixels.pixels : largest.channels;
      load.first_read += static_cast<double>(space_.b_tile(k, largest.n, largest.count).value()) * cores /
                         (multicast ? parts : 1.0);
    }
    for (const EpilogueUse& use : space_.extra_reads) {
      const auto bytes = static_cast<double>(use.bytes.value());
      load.memory_read += bytes;
      load.loaded_per_core += use.once ? bytes : bytes / cores;
    }
    for (const EpilogueUse& use : space_.stores) load.memory_written += static_cast<double>(use.bytes.value());
    const std::uint64_t a_loads = space_.a_resident ? 0 : a_passes(tiling, tiles) * tiles.count * tiles.m * tiles.k;
    const std::uint64_t b_loads = space_.b_resident ? 0 : b_passes(tiling, tiles) * tiles.count * tiles.n * tiles.k;
    load.streamed_tiles = static_cast<double>(std::max(a_loads, b_loads));
    load.last_written = load.memory_written / static_cast<double>(tiles.outputs());
  }

  void add_vector_work(const GemmTiling& tiling, const TileCounts& tiles, std::uint64_t tile_elements,
                       KernelLoad& load) const {
    const auto outputs = static_cast<double>(tiles.outputs());
    const auto cores = static_cast<double>(tiling.split.cores());
    load.sfu = static_cast<double>(space_.lane_ops + space_.lane_waits) / cores / rates_.lane_ops_per_cycle;
    if (space_.has_vector_work()) load.sfu += outputs * rates_.sfu_startup_cycles;
    load.tile_sfu = load.sfu / outputs;
    if (tiling.split.k < 2) return;
    const auto parts = static_cast<double>(tiling.split.k);
    load.tile_psum = static_cast<double>(space_.c_tile(tile_elements).value()) * (parts - 1) / parts /
                     rates_.psum_bytes_per_cycle;
    load.psum = load.tile_psum * outputs;
  }

  [[nodiscard]] std::optional<GemmChoice> best() const {
    const GemmChoice* chosen = nullptr;
    for (const GemmChoice& candidate : candidates_) {
      if (candidate.cycles > best_cycles_ * kTimeTolerance) continue;
      if (chosen == nullptr || candidate.bytes < chosen->bytes ||
          (candidate.bytes == chosen->bytes && candidate.cycles < chosen->cycles)) {
        chosen = &candidate;
      }
    }
    return chosen == nullptr ? std::nullopt : std::optional{*chosen};
  }

  const GemmSpace& space_;
  const MapperOptions& options_;
  TileTimes times_;
  MachineRates rates_;
  double peak_macs_per_core_ =
      static_cast<double>(peak_macs_per_cycle(*space_.accelerator, *space_.mode).value()) / space_.accelerator->cores;
  std::vector<Arrangement> arrangements_ = arrangements(space_.accelerator->core.l1.keep_operands);
  std::map<std::uint64_t, std::vector<Pixels>> pixels_;
  std::vector<GemmChoice> candidates_;
  double best_cycles_ = std::numeric_limits<double>::infinity();
};

/// What crosses the memory interface if nothing is read twice.
double least_bytes(const GemmSpace& space) {
  Bytes all = (space.a_resident ? Bytes{} : space.a) + (space.b_resident ? Bytes{} : space.b);
  for (const auto* uses : {&space.extra_reads, &space.stores}) {
    for (const EpilogueUse& use : *uses) all += use.bytes;
  }
  return static_cast<double>(all.value());
}

}  // namespace

std::optional<GemmChoice> find_tiling(const GemmSpace& space, const MapperOptions& options) {
  std::optional<GemmChoice> choice = Search{space, options}.run();
  // One shape of tiles is all that such a machine has.
  if (!choice || space.accelerator->core.l1.output_side > 0 || choice->bytes <= least_bytes(space)) return choice;
  Accelerator machine = *space.accelerator;
  for (const Bytes capacity : smaller_scratchpads(*space.accelerator, kScratchpadSteps)) {
    machine.core.l1.capacity = capacity;
    GemmSpace less = space;
    less.budget -= std::min(less.budget, usable_l1(*space.accelerator) - usable_l1(machine));
    const std::optional<GemmChoice> other = Search{less, options}.run();
    if (!other || other->bytes > choice->bytes * kFarBehind) break;
    if (other->bytes < choice->bytes) choice = other;
  }
  return choice;
}

GemmTiling choose_tiling(const GemmSpace& space, const MapperOptions& options) {
  if (const std::optional<GemmChoice> choice = find_tiling(space, options)) return choice->tiling;
  throw InputError{"MAP-L1",
                   fmt::format("{} ({}): not even the smallest tiles fit the {} B of L1 that a core has for them",
                               space.operation->layer, to_string(space.operation->pass), space.budget.value()),
                   "enlarge core.l1.capacity"};
}

}  // namespace nibble
