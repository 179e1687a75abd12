#pragma once

#include <cstdint>
#include <span>

namespace nibble {

/// Random bits for stochastic rounding: Philox4x32-10 (Salmon et al., SC 2011; library Random123).
///
/// A pure function of seed, tensor and index: the same bits whatever the order, the thread or the vector width.
class RandomBits {
 public:
  RandomBits(std::uint64_t seed, std::uint64_t tensor) : seed_{seed}, tensor_{tensor} {}

  /// 32 uniform bits of element `index`.
  [[nodiscard]] std::uint32_t at(std::uint64_t index) const;

  /// out[i] = at(first + i), four at a time.
  void fill(std::uint64_t first, std::span<std::uint32_t> out) const;

 private:
  std::uint64_t seed_, tensor_;
};

}  // namespace nibble
