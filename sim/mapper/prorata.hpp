#pragma once

#include <cstdint>

#include "sim/mapper/conv_tiles.hpp"

namespace nibble {

/// Deals out a whole in shares proportional to weights, so that the shares add up to it exactly.
class ProRata {
 public:
  ProRata(std::uint64_t total, std::uint64_t all_weights) : total_{total}, all_weights_{all_weights} {}

  [[nodiscard]] std::uint64_t next(std::uint64_t weight) {
    weights_ += weight;
    const std::uint64_t until_now = scale_down(total_, weights_, all_weights_);
    const std::uint64_t share = until_now - dealt_;
    dealt_ = until_now;
    return share;
  }

 private:
  std::uint64_t total_, all_weights_;
  std::uint64_t weights_ = 0, dealt_ = 0;
};

}  // namespace nibble
