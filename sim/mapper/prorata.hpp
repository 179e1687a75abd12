#pragma once

#include <cstdint>

#include "sim/mapper/conv_tiles.hpp"

namespace nibble {

/// Deals out a whole in shares proportional to weights, so that the shares add up to it exactly. What does not divide goes to
/// the first, one each: equal weights get equal shares, and from some share on one less, so that tile loops repeat.
class ProRata {
 public:
  ProRata(std::uint64_t total, std::uint64_t all_weights) : left_{total}, weights_left_{all_weights} {}

  /// At most its part, rounded up.
  [[nodiscard]] std::uint64_t next(std::uint64_t weight) {
    if (weights_left_ == 0) return 0;
    const std::uint64_t share = scale_up(left_, weight, weights_left_);
    left_ -= share;
    weights_left_ -= weight;
    return share;
  }

 private:
  std::uint64_t left_, weights_left_;
};

}  // namespace nibble
