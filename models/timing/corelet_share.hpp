#pragma once

#include <cstdint>

#include "models/config/accelerator.hpp"
#include "models/timing/array_pass.hpp"

namespace nibble {

/// The part of an L1 tile that corelet `index` of a core works on; m = 0 when nothing is left for it.
///
/// By columns (whole array widths) when `split_n`, else by groups when there are several, else by rows (whole
/// passes). The shares of all corelets make up the tile exactly.
[[nodiscard]] ArrayTile corelet_share(const ArrayTile& tile, bool split_n, const Core& core, std::uint32_t index);

}  // namespace nibble
