#pragma once

#include <algorithm>
#include <cstdint>

namespace nibble::detailed {

/// Port: what the corelet's port to L1 can still move in this cycle.
///
/// The array and the weight loader share it: each gets half, and what the other leaves over. So do, of the array's share,
/// sums that leave and operands that come, while less than a pass of these is there; more comes when nobody else wants the port.
class Port {
 public:
  explicit Port(std::uint64_t bits_a_cycle) : width_{bits_a_cycle} {}

  void begin_cycle() { left_ = width_; }
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
  std::uint64_t left_ = 0;
};

}  // namespace nibble::detailed
