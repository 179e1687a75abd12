#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/mapper/conv_tiles.hpp"
#include "sim/mapper/gemm_space.hpp"

namespace nibble {

/// All ways to write `cores`, half of them, a quarter and so on as a product of four factors, largest use of the machine first.
[[nodiscard]] std::vector<CoreSplit> all_splits(std::uint64_t cores);

/// `extent`, then halves of it in multiples of `grain`, down to one grain; at most `most` of them.
[[nodiscard]] std::vector<std::uint64_t> halvings(std::uint64_t extent, std::uint64_t grain, int most);

/// Sizes of pixel tiles of `rows` of the axis: whole samples, whole rows of one, parts of a row.
[[nodiscard]] std::vector<PixelCut> pixel_cuts(const PixelAxis& axis, Span rows);


/// A cut of the pixels, and what it makes of the busiest core's share.
struct PixelChoice {
  PixelCut cut;
  PixelSummary sum;               ///< of the first core, with the largest tile of any
  std::uint64_t most_tiles = 0;   ///< of any core: a share that crosses samples may have more than the first
};
/// The tiles of the first core's share of one in `parts`, which is the largest, with the largest tile of any core: a part in
/// the middle of an image has a halo on both sides.
[[nodiscard]] PixelChoice pixel_choice(const PixelAxis& axis, std::uint64_t parts, PixelCut cut);

/// Parts of the pixel axis, and of the channels.
[[nodiscard]] std::uint64_t over_rows(const GemmSpace& space, const CoreSplit& split);
[[nodiscard]] std::uint64_t over_channels(const GemmSpace& space, const CoreSplit& split);

/// The ways to share a GEMM that leave no part empty and go with how held tensors lie; or just `wanted`, InputError [MAP-SPLIT]
/// if it cannot be.
[[nodiscard]] std::vector<CoreSplit> possible_splits(const GemmSpace& space, const std::optional<CoreSplit>& wanted);

/// An output tile.
struct OutputShape {
  PixelCut rows;
  std::uint64_t columns = 0;
};
/// The one shape that a machine with `output_side` uses: long along the axis that more cores share, rows if equally many
/// do. A core alone has the longer axis of the product, columns if neither is twice as long. `width`: columns of the arrays.
[[nodiscard]] OutputShape fixed_shape(const GemmSpace& space, const CoreSplit& split, const CoreShare& share,
                                      std::uint64_t width);

}  // namespace nibble
