#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sim/mapper/cost_estimate.hpp"
#include "sim/mapper/gemm_space.hpp"

namespace nibble {

/// A tiling and what is expected of it.
struct GemmChoice {
  GemmTiling tiling;
  double cycles = 0, bytes = 0;  ///< bytes: read from memory and written to it
  double tiles = 0;              ///< of the busiest core
};

/// What of L1 smaller scratchpads lack that a choice is held against, the largest of them first (sim/mapper/README.md, Cost).
[[nodiscard]] std::vector<Bytes> lacks_of_smaller(const Accelerator& accelerator);

/// TilingSearch: the tiling with the least estimated time over all candidates: ways to share the work between cores, tile
/// sizes, loop orders and what stays in L1. Of those within 2 % of the best, the one that moves the fewest bytes; of equals,
/// the first in a fixed order.
///
/// It is asked for one budget of L1 after another: what a size of tiles needs and takes is worked out once for all of them.
class TilingSearch {
 public:
  /// `space.budget` does not count; `space.accelerator` and what it names must outlive this. `times`: of the same arrays, mode
  /// and formats; other searches may share them. InputError [MAP-SPLIT] if `options.split` cannot be.
  TilingSearch(GemmSpace space, const MapperOptions& options, std::shared_ptr<TileTimes> times);
  ~TilingSearch();
  TilingSearch(const TilingSearch&) = delete;
  TilingSearch& operator=(const TilingSearch&) = delete;

  /// Nothing if not even the smallest tiles fit `budget`. A choice that reads something twice gives way to one that moves less
  /// with a budget that is smaller by one of `lacks`.
  [[nodiscard]] std::optional<GemmChoice> find(Bytes budget, const std::vector<Bytes>& lacks);
  [[nodiscard]] const GemmSpace& space() const;

 private:
  class Walk;
  std::unique_ptr<Walk> walk_;
};

/// The tiling for `space.budget`; InputError [MAP-L1] if nothing fits.
[[nodiscard]] GemmTiling choose_tiling(const GemmSpace& space, const MapperOptions& options);

}  // namespace nibble
