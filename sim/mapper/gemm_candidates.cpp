#include "sim/mapper/gemm_candidates.hpp"

#include <algorithm>

namespace nibble {
namespace {

constexpr int kPixelCuts = 8;

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

}  // namespace nibble
