#pragma once

#include <algorithm>
#include <cstdint>

namespace nibble::detailed {

/// Port: what a core's port to L1 can still move in this cycle, for the arrays of its corelets.
///
/// Arrays take turns: in each cycle another one comes first, and the others get what it leaves.
/// An array and its weight loader share what there is: each gets half, and what the other leaves over. So do, of the array's
/// share, sums that leave and operands that come, while less than a pass of these is there; more comes when nobody else of
/// the array wants the port.
class Port {
 public:
  explicit Port(std::uint64_t bits_a_cycle, std::uint32_t arrays = 1) : width_{bits_a_cycle}, arrays_{arrays} {}

  /// How many arrays come before this one in that cycle.
  [[nodiscard]] std::uint32_t place(std::uint32_t array, std::uint64_t cycle) const {
    return static_cast<std::uint32_t>((array + cycle) % arrays_);
  }
  /// The first array of a cycle finds the whole width.
  void begin_cycle(std::uint64_t cycle) {
    if (cycle == cycle_) return;
    cycle_ = cycle;
    left_ = width_;
  }
  [[nodiscard]] std::uint64_t left() const { return left_; }
  /// What operands may take beside a loader that wants `other` bits.
  [[nodiscard]] std::uint64_t share_beside(std::uint64_t other) const { return left_ - std::min(other, left_ / 2); }
  /// Moves up to `bits`; returns how many.
  std::uint64_t move(std::uint64_t bits) {
    const std::uint64_t moved = std::min(bits, left_);
    left_ -= moved;
    return moved;
  }

 private:
  std::uint64_t width_;
  std::uint32_t arrays_;
  std::uint64_t cycle_ = ~std::uint64_t{0};
  std::uint64_t left_ = 0;
};

}  // namespace nibble::detailed
