#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "sim/mapper/conv_tiles.hpp"
#include "sim/mapper/gemm_tiling.hpp"
#include "sim/mapper/mapper.hpp"
#include "sim/mapper/residency.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// A tensor that the vector work behind a GEMM reads or writes.
struct EpilogueUse {
  Bytes bytes;
  bool once = false;  ///< small against the output (per-channel parameters, statistics): moved once, not by tile
  bool summed = false;         ///< a sum over all pixels, of which each core that shares them has a part
  bool by_channel = false;     ///< of `summed`: one sum for each of C's columns, else one of everything
  std::uint32_t bits = 0;      ///< of an element
};

/// A GEMM operation as the mapper sees it: two axes of A, one of them over pixels, and what crosses memory.
struct GemmSpace {
  GemmSpace(const Step& step, std::size_t operation, const Accelerator& accelerator,
            const OperationResidency& residency);

  const Operation* operation = nullptr;
  const Accelerator* accelerator = nullptr;
  const MacMode* mode = nullptr;

  PixelAxis pixels;            ///< m; or k if `pixels_reduce`
  bool pixels_reduce = false;  ///< wgrad
  bool samples_in_count = false;  ///< attention: each sample has its own GEMMs
  std::uint64_t channels = 0;  ///< length of A's other axis: k, or m if `pixels_reduce`
  std::uint64_t taps = 1;      ///< that axis is cut in multiples of this: all taps of whole channels
  std::uint64_t n = 0;
  std::uint64_t count = 1;
  /// Cores that share a reduction pass their sums on. Where vector work follows they exchange parts instead: all of them do it.
  [[nodiscard]] bool passes_sums(const CoreSplit& split) const {
    return accelerator->ring.passes_sums && split.k > 1 && !has_vector_work();
  }
  /// An operand has to be picked out of interleaved matrices, and each of them is multiplied by a matrix of its own.
  [[nodiscard]] bool gathers() const {
    return !operation->gemm->b_is_weights && (operation->reads[0].interleave > 1 || operation->reads[1].interleave > 1);
  }

  Bytes a, b;                  ///< of the whole operation
  bool a_resident = false, b_resident = false;
  std::uint64_t accumulator_bits = 0;
  std::uint64_t lane_ops = 0, lane_waits = 0;  ///< of all vector work
  std::vector<EpilogueUse> extra_reads;  ///< from memory, besides A and B
  std::vector<EpilogueUse> stores;       ///< to memory
  Bytes l1_extra_reads;        ///< all that the vector work reads besides C, resident or not
  Bytes l1_writes;             ///< all results, stored or held
  Bytes budget;                ///< of one core's L1 for the slots
  bool by_sample = false, by_columns = false;  ///< see OperationResidency
  std::vector<RowFetch> fetches;     ///< see OperationResidency
  std::vector<Bytes> fetch_slots;    ///< what they need of each core's L1, beside `budget`

  /// `budget` of a core of which programs may use `usable`, where `occupied` is held.
  [[nodiscard]] Bytes budget_beside(Bytes usable, Bytes occupied) const;
  [[nodiscard]] bool has_vector_work() const { return !operation->vector.empty(); }
  [[nodiscard]] std::uint64_t outputs() const;  ///< elements of C, `count` included

  /// Bytes of a tile of A: `input_pixels` by `tile_channels` (of the channel axis) of `groups`.
  [[nodiscard]] Bytes a_tile(std::uint64_t input_pixels, std::uint64_t tile_channels, std::uint64_t groups) const;
  [[nodiscard]] Bytes b_tile(std::uint64_t k_extent, std::uint64_t n_extent, std::uint64_t groups) const;
  /// Partial sums of `elements` of C.
  [[nodiscard]] Bytes c_tile(std::uint64_t elements) const { return packed(Bits{elements * accumulator_bits}); }
};

/// Attention: each sample has its own GEMMs, `count` runs over samples.
[[nodiscard]] bool samples_are_counted(const Step& step, const GemmWork& gemm);

/// The axis of A that runs over pixels.
[[nodiscard]] PixelAxis pixel_axis(const Step& step, const GemmWork& gemm);

/// What of a GEMM one core does.
struct CoreShare {
  Span groups;
  Span rows;                   ///< of the pixel axis, over all samples
  std::uint64_t channels = 0;
  std::uint64_t n = 0;
};
struct CorePosition {
  std::uint64_t count = 0, m = 0, n = 0, k = 0;
};
/// Where core `core` < split.cores() stands in the split; k parts are neighbours on the ring.
[[nodiscard]] CorePosition core_position(const CoreSplit& split, std::uint64_t core);
[[nodiscard]] std::uint64_t core_number(const CoreSplit& split, const CorePosition& position);
[[nodiscard]] CoreShare core_share(const GemmSpace& space, const CoreSplit& split, const CorePosition& position);

[[nodiscard]] inline std::uint64_t output_slots(const GemmSpace& space, const GemmTiling& tiling, const TileCounts& tiles) {
  // The arrays' own sums are passed on: there is one tile of them.
  const std::uint64_t buffers = space.passes_sums(tiling.split) ? 1 : space.accelerator->core.l1.output_buffers;
  return std::min<std::uint64_t>(tiles.outputs(), buffers);
}
}  // namespace nibble
