#include "sim/mapper/gemm_candidates.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/error.hpp"

namespace nibble {
namespace {

constexpr int kPixelCuts = 8;

/// Every part of the split has something to do.
bool feasible(const GemmSpace& space, const CoreSplit& split) {
  const std::uint64_t units = space.channels / space.taps;
  return split.count <= space.count && over_rows(space, split) <= space.pixels.all_rows() &&
         over_channels(space, split) <= units && split.n <= space.n;
}

bool allowed(const GemmSpace& space, const CoreSplit& split) {
  if (!feasible(space, split)) return false;
  if (space.by_columns) return split.cores() == space.accelerator->cores && split.n == split.cores();
  if (!space.by_sample) return true;
  // Tensors that are held lie on all cores by sample: the cores share the work in just that way.
  const std::uint64_t by_sample = space.samples_in_count ? split.count : over_rows(space, split);
  return split.cores() == space.accelerator->cores && by_sample == split.cores();
}

void require_feasible(const GemmSpace& space, const CoreSplit& split) {
  const std::uint64_t cores = space.accelerator->cores;
  if (split.cores() > 0 && split.cores() <= cores && feasible(space, split)) return;
  throw InputError{"MAP-SPLIT", fmt::format("{}: cannot be shared as count {}, m {}, n {}, k {}",
                                            space.operation->layer, split.count, split.m, split.n, split.k),
                   fmt::format("at most {} parts, none of them empty", cores)};
}

/// Parts of equal size in multiples of `grain`, as few as the limit allows; a limit below one grain counts as one.
std::uint64_t even_part(std::uint64_t extent, std::uint64_t limit, std::uint64_t grain) {
  const std::uint64_t largest = std::max(grain, limit / grain * grain);
  const std::uint64_t parts = ceil_div(extent, largest);
  return std::min(extent, ceil_div(ceil_div(extent, parts), grain) * grain);
}

}  // namespace

std::vector<CoreSplit> all_splits(std::uint64_t cores) {
  std::vector<CoreSplit> splits;
  for (std::uint64_t used = cores; used > 0; used = used == 1 ? 0 : used / 2) {
    for (std::uint64_t count = 1; count <= used; ++count) {
      if (used % count != 0) continue;
      for (std::uint64_t m = 1; m <= used / count; ++m) {
        if (used / count % m != 0) continue;
        for (std::uint64_t n = 1; n <= used / count / m; ++n) {
          if (used / count / m % n == 0) splits.push_back({count, m, n, used / count / m / n});
        }
      }
    }
  }
  return splits;
}

std::vector<std::uint64_t> halvings(std::uint64_t extent, std::uint64_t grain, int most) {
  std::vector<std::uint64_t> sizes{extent};
  while (static_cast<int>(sizes.size()) < most && sizes.back() > grain) {
    const std::uint64_t half = ceil_div(ceil_div(sizes.back(), 2), grain) * grain;
    if (half >= sizes.back()) break;
    sizes.push_back(half);
  }
  return sizes;
}

std::vector<PixelCut> pixel_cuts(const PixelAxis& axis, Span rows) {
  std::vector<PixelCut> cuts;
  const std::uint64_t samples = rows.size() / axis.rows();
  if (rows.begin % axis.rows() == 0 && samples > 1) {
    for (const std::uint64_t n : halvings(samples, 1, kPixelCuts)) {
      if (n > 1) cuts.push_back({n * axis.rows(), axis.columns()});
    }
  }
  const std::uint64_t in_sample = std::min(rows.size(), axis.rows());
  for (const std::uint64_t n : halvings(in_sample, 1, kPixelCuts)) cuts.push_back({n, axis.columns()});
  for (const std::uint64_t n : halvings(axis.columns(), 1, kPixelCuts)) {
    if (n < axis.columns()) cuts.push_back({1, n});
  }
  return cuts;
}

PixelChoice pixel_choice(const PixelAxis& axis, std::uint64_t parts, PixelCut cut_size) {
  PixelChoice pixels{cut_size, axis.summary(axis.split(parts, 0), cut_size)};
  pixels.most_tiles = pixels.sum.tiles;
  if (parts <= axis.samples()) return pixels;
  for (std::uint64_t part = 1; part < parts; ++part) {
    const PixelSummary other = axis.summary(axis.split(parts, part), cut_size);
    PixelTile& largest = pixels.sum.largest;
    largest.input_pixels = std::max(largest.input_pixels, other.largest.input_pixels);
    pixels.most_tiles = std::max(pixels.most_tiles, other.tiles);
  }
  return pixels;
}

std::uint64_t over_rows(const GemmSpace& space, const CoreSplit& split) { return space.pixels_reduce ? split.k : split.m; }

std::uint64_t over_channels(const GemmSpace& space, const CoreSplit& split) {
  return space.pixels_reduce ? split.m : split.k;
}

std::vector<CoreSplit> possible_splits(const GemmSpace& space, const std::optional<CoreSplit>& wanted) {
  if (wanted) {
    require_feasible(space, *wanted);
    return {*wanted};
  }
  std::vector<CoreSplit> splits = all_splits(space.accelerator->cores);
  std::erase_if(splits, [&](const CoreSplit& split) { return !allowed(space, split); });
  return splits;
}

OutputShape fixed_shape(const GemmSpace& space, const CoreSplit& split, const CoreShare& share, std::uint64_t width) {
  const L1Scratchpad& l1 = space.accelerator->core.l1;
  if (l1.gathered_rows > 0 && (space.gathers() || space.operation->gemm->batched)) {
    const std::uint64_t columns = even_part(share.n, space.gathers() ? width : 2 * width, width);
    return {{even_part(share.rows.size(), l1.gathered_rows, 1), space.pixels.columns()}, columns};
  }
  const bool alone = split.m * split.n == 1;
  const bool long_rows = alone ? space.pixels.pixels() >= 2 * space.n : split.m >= split.n;
  const std::uint64_t elements = l1.output_tile.value() > 0 ? l1.output_tile.value() * 8 / space.accumulator_bits
                                                            : std::uint64_t{l1.output_side} * l1.output_side;
  const std::uint64_t columns_of_row = space.pixels.columns();
  const auto rows = [&](std::uint64_t limit) {
    return even_part(share.rows.size(), limit / columns_of_row, 1);
  };
  const auto columns = [&](std::uint64_t limit) { return even_part(share.n, limit, width); };
  const auto rest = [&](std::uint64_t taken) { return std::min<std::uint64_t>(l1.output_side, elements / taken); };
  if (long_rows) {
    const std::uint64_t m = rows(l1.output_side);
    return {{m, columns_of_row}, columns(rest(m * columns_of_row))};
  }
  const std::uint64_t n = columns(l1.output_side);
  return {{rows(rest(n)), columns_of_row}, n};
}

}  // namespace nibble
