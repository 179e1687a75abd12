#pragma once

#include <cstdint>
#include <vector>

#include "sim/mapper/conv_tiles.hpp"
#include "sim/mapper/mapper.hpp"

namespace nibble {

/// All ways to write `cores`, half of them, a quarter and so on as a product of four factors, largest use of the machine first.
[[nodiscard]] std::vector<CoreSplit> all_splits(std::uint64_t cores);

/// `extent`, then halves of it in multiples of `grain`, down to one grain; at most `most` of them.
[[nodiscard]] std::vector<std::uint64_t> halvings(std::uint64_t extent, std::uint64_t grain, int most);

/// Sizes of pixel tiles of `rows` of the axis: whole samples, whole rows of one, parts of a row.
[[nodiscard]] std::vector<PixelCut> pixel_cuts(const PixelAxis& axis, Span rows);

}  // namespace nibble
