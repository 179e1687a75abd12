#pragma once

#include "sim/mapper/gemm_space.hpp"

namespace nibble {

/// The tiling with the least estimated time over all candidates: ways to share the work between cores, tile sizes, loop
/// orders and what stays in L1. Of those within 2 % of the best, the one that moves the fewest bytes; of equals, the
/// first in a fixed order. InputError [MAP-L1] if not even the smallest tiles fit.
[[nodiscard]] GemmTiling choose_tiling(const GemmSpace& space, const MapperOptions& options);

}  // namespace nibble
