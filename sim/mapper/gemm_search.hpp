#pragma once

#include <optional>

#include "sim/mapper/gemm_space.hpp"

namespace nibble {

/// A tiling and what is expected of it.
struct GemmChoice {
  GemmTiling tiling;
  double cycles = 0, bytes = 0;  ///< bytes: read from memory and written to it
  double tiles = 0;              ///< of the busiest core
};

/// The tiling with the least estimated time over all candidates: ways to share the work between cores, tile sizes, loop
/// orders and what stays in L1. Of those within 2 % of the best, the one that moves the fewest bytes; of equals, the
/// first in a fixed order. Nothing if not even the smallest tiles fit.
[[nodiscard]] std::optional<GemmChoice> find_tiling(const GemmSpace& space, const MapperOptions& options);

/// The same; InputError [MAP-L1] if nothing fits.
[[nodiscard]] GemmTiling choose_tiling(const GemmSpace& space, const MapperOptions& options);

}  // namespace nibble
