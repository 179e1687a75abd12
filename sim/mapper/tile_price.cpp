#include "sim/mapper/tile_price.hpp"

#include <algorithm>

namespace nibble {
namespace {

// A bound is a sum of other roundings than the estimate that it bounds.
constexpr double kRoundingSlack = 1e-9;

/// Of the busiest core.
double macs(const CoreShare& share, const PixelChoice& pixels) {
  return static_cast<double>(pixels.sum.pixels) * static_cast<double>(share.channels) * static_cast<double>(share.n) *
         static_cast<double>(share.groups.size());
}

}  // namespace

TileSize tile_size(const GemmSpace& space, const GemmTiling& tiling, const CoreShare& share, const PixelChoice& pixels) {
  TileCounts tiles;
  tiles.count = ceil_div(share.groups.size(), tiling.count);
  tiles.n = ceil_div(share.n, tiling.n);
  (space.pixels_reduce ? tiles.k : tiles.m) = pixels.sum.tiles;
  (space.pixels_reduce ? tiles.m : tiles.k) = ceil_div(share.channels, tiling.channels);
  TileCounts most = tiles;
  (space.pixels_reduce ? most.k : most.m) = pixels.most_tiles;
  return {share, pixels, tiles, most, {pixels.sum.largest, tiling.channels, tiling.n, tiling.count}};
}

TilePricer::TilePricer(const GemmSpace& space, TileTimes& times)
    : space_{space},
      times_{times},
      rates_{*space.accelerator},
      peak_macs_per_core_{static_cast<double>(peak_macs_per_cycle(*space.accelerator, *space.mode).value()) /
                          space.accelerator->cores} {}

TilePrice TilePricer::price(const GemmTiling& tiling, const TileSize& size, double limit) const {
  const TileExtents& largest = size.largest;
  const std::uint64_t m = space_.pixels_reduce ? largest.channels : largest.pixels.pixels;
  const std::uint64_t k = space_.pixels_reduce ? largest.pixels.pixels : largest.channels;
  const double macs_in_tiles = static_cast<double>(m) * static_cast<double>(largest.n) * static_cast<double>(k) *
                               static_cast<double>(largest.count);
  KernelLoad load;
  add_operands(tiling, size, load);
  add_epilogue_traffic(static_cast<double>(tiling.split.cores()), load);
  load.last_written = load.memory_written / static_cast<double>(size.counts.outputs());
  add_vector_work(tiling, size.counts, m * largest.n * largest.count, load);
  const double bytes = load.memory_read + load.memory_written;
  load.compute = macs(size.share, size.pixels) / peak_macs_per_core_;
  const double least = pipeline_cycles(rates_, load) * (1 - kRoundingSlack);
  if (least > limit) return {.cycles = least, .bytes = bytes};
  const TileTime& time = times_.of(m, largest.n, k, largest.count, size.counts.k > 1);
  // Neighbours that pass sums on work in turns.
  const double turns = space_.passes_sums(tiling.split) ? 2 : 1;
  load.compute = turns * time.total * macs(size.share, size.pixels) / macs_in_tiles;
  load.tile_compute = time.total;
  return {pipeline_cycles(rates_, load), bytes, static_cast<double>(size.most.steps()), time.split_n, true};
}

double TilePricer::bound(const CoreSplit& split, const CoreShare& share, const PixelChoice& pixels) const {
  const auto cores = static_cast<double>(split.cores());
  KernelLoad load;
  load.compute = macs(share, pixels) / peak_macs_per_core_;
  load.sfu = lane_cycles(cores);
  if (!space_.a_resident) add_operand(static_cast<double>(space_.a.value()) * halo(split, pixels), split.n, cores, load);
  if (!space_.b_resident) add_operand(static_cast<double>(space_.b.value()), split.m, cores, load);
  add_epilogue_traffic(cores, load);
  return pipeline_cycles(rates_, load) * (1 - kRoundingSlack);
}

void TilePricer::add_operand(double once, std::uint64_t sharers, double cores, KernelLoad& load) const {
  load.memory_read += once * (space_.accelerator->ring.multicast ? 1.0 : static_cast<double>(sharers));
  load.loaded_per_core += once * static_cast<double>(sharers) / cores;
}

void TilePricer::add_operands(const GemmTiling& tiling, const TileSize& size, KernelLoad& load) const {
  const TileCounts &tiles = size.counts, &most = size.most;
  const TileExtents& largest = size.largest;
  const CoreSplit& split = tiling.split;
  const auto cores = static_cast<double>(split.cores());
  const auto first_read = [&](Bytes tile, std::uint64_t sharers) {
    const double once_for = space_.accelerator->ring.multicast ? static_cast<double>(sharers) : 1.0;
    load.first_read += static_cast<double>(tile.value()) * cores / once_for;
  };
  std::uint64_t a_loads = 0, b_loads = 0;
  if (!space_.a_resident) {
    const double once = static_cast<double>(space_.a.value()) * halo(split, size.pixels) *
                        static_cast<double>(a_passes(tiling, most));
    add_operand(once, split.n, cores, load);
    first_read(space_.a_tile(largest.pixels.input_pixels, largest.channels, largest.count), split.n);
    a_loads = a_passes(tiling, tiles) * tiles.count * tiles.m * tiles.k;
  }
  if (!space_.b_resident) {
    add_operand(static_cast<double>(space_.b.value()) * static_cast<double>(b_passes(tiling, most)), split.m, cores, load);
    const std::uint64_t k = space_.pixels_reduce ? largest.pixels.pixels : largest.channels;
    first_read(space_.b_tile(k, largest.n, largest.count), split.m);
    b_loads = b_passes(tiling, tiles) * tiles.count * tiles.n * tiles.k;
  }
  load.streamed_tiles = static_cast<double>(std::max(a_loads, b_loads));
}

void TilePricer::add_epilogue_traffic(double cores, KernelLoad& load) const {
  for (const EpilogueUse& use : space_.extra_reads) {
    const auto bytes = static_cast<double>(use.bytes.value());
    load.memory_read += bytes;
    load.loaded_per_core += use.once ? bytes : bytes / cores;
  }
  for (const EpilogueUse& use : space_.stores) load.memory_written += static_cast<double>(use.bytes.value());
}

void TilePricer::add_vector_work(const GemmTiling& tiling, const TileCounts& tiles, std::uint64_t tile_elements,
                                 KernelLoad& load) const {
  const auto outputs = static_cast<double>(tiles.outputs());
  load.sfu = lane_cycles(static_cast<double>(tiling.split.cores()));
  if (space_.has_vector_work()) load.sfu += outputs * rates_.sfu_startup_cycles;
  load.tile_sfu = load.sfu / outputs;
  if (tiling.split.k < 2) return;
  const auto parts = static_cast<double>(tiling.split.k);
  load.tile_psum = static_cast<double>(space_.c_tile(tile_elements).value()) * (parts - 1) / parts /
                   rates_.psum_bytes_per_cycle;
  load.psum = load.tile_psum * outputs;
}

double TilePricer::lane_cycles(double cores) const {
  return static_cast<double>(space_.lane_ops + space_.lane_waits) / cores / rates_.lane_ops_per_cycle;
}

double TilePricer::halo(const CoreSplit& split, const PixelChoice& pixels) const {
  const auto row_parts = static_cast<double>(space_.pixels_reduce ? split.k : split.m);
  return static_cast<double>(pixels.sum.input_pixels) * row_parts / static_cast<double>(space_.pixels.input_pixels());
}

}  // namespace nibble
