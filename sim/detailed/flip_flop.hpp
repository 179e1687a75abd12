#pragma once

#include <array>
#include <cstdint>

namespace nibble::detailed {

/// A register between two stages: what is written in a cycle is read in the next, whichever process runs first.
/// It has to be written in every cycle.
template <class T>
class FlipFlop {
 public:
  [[nodiscard]] const T& read(std::uint64_t cycle) const { return values_[cycle & 1]; }
  /// For the one reader that takes the value away instead of copying it.
  [[nodiscard]] T& take(std::uint64_t cycle) { return values_[cycle & 1]; }
  [[nodiscard]] T& next(std::uint64_t cycle) { return values_[(cycle + 1) & 1]; }

 private:
  std::array<T, 2> values_{};
};

}  // namespace nibble::detailed
