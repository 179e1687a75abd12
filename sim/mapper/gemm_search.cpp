#include "sim/mapper/gemm_search.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include "sim/mapper/core_splits.hpp"
#include "sim/mapper/cost_estimate.hpp"
#include "sim/mapper/gemm_mapping.hpp"

namespace nibble {

namespace {

// More output tiles or kept operand tiles than this bring nothing but instructions.
constexpr std::uint64_t kMostKeptTiles = 512;

/// Halves of `total` in multiples of `grain`: total, about 1/2, 1/4, ... down to one grain; each once.
std::vector<std::uint64_t> halvings(std::uint64_t total, std::uint64_t grain) {
  std::vector<std::uint64_t> sizes;
  for (std::uint64_t parts = 1;; parts *= 2) {
    const std::uint64_t size = std::min(total, ceil_div(ceil_div(total, parts), grain) * grain);
    if (sizes.empty() || sizes.back() != size) sizes.push_back(size);
    if (size <= grain || parts > total) break;
  }
  return sizes;
}

/// Cuts of the pixel axis: several samples, one, part of one by rows, part of a row.
std::vector<PixelCut> pixel_cuts(const PixelAxis& axis, Span rows) {
  std::vector<PixelCut> cuts;
  if (rows.size() > axis.rows() && rows.begin % axis.rows() == 0 && rows.end % axis.rows() == 0) {
    for (const std::uint64_t samples : halvings(rows.size() / axis.rows(), 1)) {
      if (samples > 1) cuts.push_back({samples * axis.rows(), axis.columns()});
    }
  }
  for (const std::uint64_t height : halvings(std::min(rows.size(), axis.rows()), 1)) {
    cuts.push_back({height, axis.columns()});
  }
  for (const std::uint64_t width : halvings(axis.columns(), 1)) {
    if (width < axis.columns()) cuts.push_back({1, width});
  }
  return cuts;
}

/// The channel axis in whole blocks of the array where the tile is longer than one, in whole channels always.
std::vector<std::uint64_t> channel_tiles(const GemmSpace& space, std::uint64_t channels, std::uint64_t block) {
  std::vector<std::uint64_t> tiles;
  for (std::uint64_t size : halvings(channels, space.taps)) {
    if (size > block && size < channels) {
      const std::uint64_t blocks = ceil_div(size, block) * block;
      size = std::min(channels, ceil_div(blocks, space.taps) * space.taps);
    }
    if (tiles.empty() || tiles.back() != size) tiles.push_back(size);
  }
  return tiles;
}

/// Loop orders and keeping rules that differ for these tile counts.
struct Rules {
  LoopOrder order;
  Keep a, b;
};
std::vector<Rules> rules_for(const TileCounts& tiles) {
  std::vector<Rules> rules;
  const bool k_tiled = tiles.k > 1;
  const auto add = [&](LoopOrder order, bool outer_tiled, bool inner_tiled) {
    // The outer loop's operand: a panel serves all of the inner loop. The inner loop's: all of it serves all.
    std::vector<Keep> outer_keeps, inner_keeps;
    if (k_tiled) outer_keeps.push_back(Keep::stream);
    if (!k_tiled || inner_tiled) outer_keeps.push_back(Keep::panel);
    if (inner_tiled || k_tiled) inner_keeps.push_back(Keep::stream);
    if (outer_tiled || (!inner_tiled && !k_tiled)) inner_keeps.push_back(Keep::all);
    for (const Keep outer : outer_keeps) {
      for (const Keep inner : inner_keeps) {
        rules.push_back(order == LoopOrder::m_outer ? Rules{order, outer, inner} : Rules{order, inner, outer});
      }
    }
  };
  add(LoopOrder::m_outer, tiles.m > 1, tiles.n > 1);
  if (tiles.n > 1) add(LoopOrder::n_outer, true, tiles.m > 1);
  return rules;
}

/// Walks all candidates of a GEMM and keeps what each would cost.
class Search {
 public:
  Search(const GemmSpace& space, const MapperOptions& options, Bytes budget)
      : space_{space}, budget_{budget}, rates_{*space.accelerator}, times_{space} {
    for (const CoreSplit& split : core_splits(space, options, rates_, times_)) add_split(split);
  }

  std::optional<GemmChoice> best() {
    std::stable_sort(found_.begin(), found_.end(), [](const GemmChoice& x, const GemmChoice& y) {
      return std::tie(x.footprint, x.traffic, x.cycles) < std::tie(y.footprint, y.traffic, y.cycles);
    });
    std::optional<GemmChoice> best;
    for (GemmChoice& choice : found_) {
      if (best && (choice.cycles >= best->cycles || choice.traffic > best->traffic)) continue;
      choice.least_traffic_footprint =
          best && choice.traffic == best->traffic ? best->least_traffic_footprint : choice.footprint;
      best = choice;
    }
    return best;
  }

 private:
  void add_split(const CoreSplit& split);
  void add_tiles(GemmTiling tiling, const CoreShare& share, const PixelSummary& pixels, double all_input_pixels);
  void add_candidate(const GemmTiling& tiling, const TileCounts& tiles, const TileExtents& tile,
                     const KernelLoad& work, double a_once, double b_once);

  const GemmSpace& space_;
  Bytes budget_;
  MachineRates rates_;
  TileTimes times_;
  std::vector<GemmChoice> found_;
};

void Search::add_split(const CoreSplit& split) {
  const Core& core = space_.accelerator->core;
  const GemmWork& gemm = *space_.operation->gemm;
  const CoreShare share = core_share(space_, split, {});  // the first core has the largest share
  const BlockShape block = block_shape(core.mpe, *space_.mode, gemm.b_format);
  const std::uint64_t width = std::uint64_t{core.mpe.columns} * core.mpe.lanes;
  for (const PixelCut& pixel_cut : pixel_cuts(space_.pixels, share.rows)) {
    const PixelSummary pixels = space_.pixels.summary(share.rows, pixel_cut);
    // Halo rows of all cores: parts of the pixel axis may cut through samples.
    double input_pixels = 0;
    const std::uint64_t parts = space_.pixels_reduce ? split.k : split.m;
    for (std::uint64_t part = 0; part < parts; ++part) {
      input_pixels += static_cast<double>(
          space_.pixels.summary(space_.pixels.split(parts, part), pixel_cut).input_pixels);
    }
    for (const std::uint64_t channels : channel_tiles(space_, share.channels, block.depth)) {
      for (const std::uint64_t n : halvings(share.n, width)) {
        for (const std::uint64_t count : halvings(share.groups.size(), 1)) {
          const GemmTiling tiling{
              .split = split, .pixels = pixel_cut, .channels = channels, .n = n, .count = count};
          add_tiles(tiling, share, pixels, input_pixels);
        }
      }
    }
  }
}

void Search::add_tiles(GemmTiling tiling, const CoreShare& share, const PixelSummary& pixels,
                       double all_input_pixels) {
  const bool reduce = space_.pixels_reduce;
  const std::uint64_t channel_tiles = ceil_div(share.channels, tiling.channels);
  const TileCounts tiles{.count = ceil_div(share.groups.size(), tiling.count),
                         .m = reduce ? channel_tiles : pixels.tiles,
                         .n = ceil_div(share.n, tiling.n),
                         .k = reduce ? pixels.tiles : channel_tiles};
  const TileExtents tile{pixels.largest, tiling.channels, tiling.n, tiling.count};
  // The smallest that any rule needs: one slot of each.
  const std::uint64_t m = reduce ? tile.channels : tile.pixels.pixels;
  const std::uint64_t k = reduce ? tile.pixels.pixels : tile.channels;
  Bytes least = space_.c_tile(m * tile.n * tile.count);
  if (!space_.a_resident) least += space_.a_tile(tile.pixels.input_pixels, tile.channels, tile.count);
  if (!space_.b_resident) least += space_.b_tile(k, tile.n, tile.count);
  if (least > budget_) return;

  const TileTime& time = times_.of(m, tile.n, k, tile.count, tiles.k > 1);
  tiling.corelets_split_n = time.split_n;
  const double fullness = static_cast<double>(pixels.pixels * share.channels * share.n * share.groups.size()) /
                          static_cast<double>(m * k * tile.n * tile.count);
  const auto outputs = static_cast<double>(tiles.outputs());
  const auto cores = static_cast<double>(tiling.split.cores());
  KernelLoad work;
  work.compute = time.compute * fullness + (time.total - time.compute) * static_cast<double>(tiles.steps());
  work.tile_compute = time.total;
  if (space_.has_vector_work()) {
    work.sfu = static_cast<double>(space_.lane_ops) / cores / rates_.lane_ops_per_cycle +
               rates_.sfu_startup_cycles * outputs;
    work.tile_sfu = work.sfu / outputs;
  }
  if (tiling.split.k > 1) {
    const double sent = static_cast<double>(space_.c_tile(m * tile.n * tile.count).value()) *
                        static_cast<double>(tiling.split.k - 1) / static_cast<double>(tiling.split.k);
    work.tile_psum = sent / rates_.psum_bytes_per_cycle;
    work.psum = work.tile_psum * outputs;
  }
  const double halo = all_input_pixels / static_cast<double>(space_.pixels.input_pixels());
  const double a_once = space_.a_resident ? 0 : static_cast<double>(space_.a.value()) * halo;
  const double b_once = space_.b_resident ? 0 : static_cast<double>(space_.b.value());
  for (const Rules& rule : rules_for(tiles)) {
    tiling.order = rule.order;
    tiling.keep_a = rule.a;
    tiling.keep_b = rule.b;
    add_candidate(tiling, tiles, tile, work, a_once, b_once);
  }
}

void Search::add_candidate(const GemmTiling& tiling, const TileCounts& tiles, const TileExtents& tile,
                           const KernelLoad& work, double a_once, double b_once) {
  if (a_slots(tiling, tiles) > kMostKeptTiles || b_slots(tiling, tiles) > kMostKeptTiles) return;
  const Bytes footprint = gemm_footprint(space_, tiling, tiles, tile);
  if (footprint > budget_) return;
  const CoreSplit& split = tiling.split;
  const bool multicast = space_.accelerator->ring.multicast;
  const auto cores = static_cast<double>(split.cores());
  const double a = a_once * static_cast<double>(a_passes(tiling, tiles));
  const double b = b_once * static_cast<double>(b_passes(tiling, tiles));
  KernelLoad load = work;
  load.memory_read = a * static_cast<double>(multicast ? 1 : split.n) + b * static_cast<double>(multicast ? 1 : split.m);
  load.loaded_per_core = a * static_cast<double>(split.n) / cores + b * static_cast<double>(split.m) / cores;
  for (const EpilogueUse& use : space_.extra_reads) {
    const auto bytes = static_cast<double>(use.bytes.value());
    load.memory_read += bytes * (use.once && !multicast ? cores : 1);
    load.loaded_per_core += use.once ? bytes : bytes / cores;
  }
  for (const EpilogueUse& use : space_.stores) load.memory_written += static_cast<double>(use.bytes.value());
  load.first_read = a_once / static_cast<double>(tiles.count * tiles.m * tiles.k) +
                    b_once / static_cast<double>(tiles.count * tiles.n * tiles.k);
  load.last_written = load.memory_written / static_cast<double>(tiles.outputs());
  found_.push_back({tiling, pipeline_cycles(rates_, load), load.memory_read + load.memory_written, footprint, {}});
}

}  // namespace

std::optional<GemmChoice> choose_tiling(const GemmSpace& space, const MapperOptions& options, Bytes budget) {
  return Search{space, options, budget}.best();
}

}  // namespace nibble
