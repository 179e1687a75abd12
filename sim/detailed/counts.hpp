#pragma once

#include <cstdint>

#include "models/base/units.hpp"

namespace nibble::detailed {

/// Events of a detailed run. Bytes are packed once for each block, as they lie in L1.
struct Counts {
  std::uint64_t macs = 0, gated_macs = 0;
  Bytes register_read, register_written;
  Bytes l0_read, l0_written;
  Bytes l1_read, l1_written;

  bool operator==(const Counts&) const = default;
  Counts& operator+=(const Counts& other);
};

/// Cycles of the array; the parts add up to the total.
struct CycleBook {
  std::uint64_t compute = 0;     ///< a beat enters the array
  std::uint64_t fill_drain = 0;  ///< pipeline, bubbles, accumulators in use, block loads that nothing hides
  std::uint64_t l1 = 0;          ///< operands have not arrived, or sums cannot leave

  [[nodiscard]] std::uint64_t total() const { return compute + fill_drain + l1; }
  CycleBook& operator+=(const CycleBook& other) {
    compute += other.compute;
    fill_drain += other.fill_drain;
    l1 += other.l1;
    return *this;
  }
};

inline Counts& Counts::operator+=(const Counts& other) {
  macs += other.macs;
  gated_macs += other.gated_macs;
  register_read += other.register_read;
  register_written += other.register_written;
  l0_read += other.l0_read;
  l0_written += other.l0_written;
  l1_read += other.l1_read;
  l1_written += other.l1_written;
  return *this;
}

}  // namespace nibble::detailed
