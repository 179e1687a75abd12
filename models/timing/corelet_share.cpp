#include "models/timing/corelet_share.hpp"

#include <algorithm>

namespace nibble {
namespace {

/// Share `index` of `parts` of an extent that is cut at multiples of `grain` only.
std::uint64_t share(std::uint64_t extent, std::uint64_t grain, std::uint64_t parts, std::uint64_t index) {
  const std::uint64_t grains = ceil_div(extent, grain);
  const auto boundary = [&](std::uint64_t i) { return std::min(extent, grains * i / parts * grain); };
  return boundary(index + 1) - boundary(index);
}

}  // namespace

ArrayTile corelet_share(const ArrayTile& tile, bool split_n, const Core& core, std::uint32_t index) {
  ArrayTile mine = tile;
  if (split_n) {
    mine.n = share(tile.n, std::uint64_t{core.mpe.columns} * core.mpe.lanes, core.corelets, index);
  } else if (tile.count > 1) {
    mine.count = share(tile.count, 1, core.corelets, index);
  } else {
    mine.m = share(tile.m, core.mpe.accumulators, core.corelets, index);
  }
  if (mine.n == 0 || mine.count == 0) mine.m = 0;
  return mine;
}

}  // namespace nibble
