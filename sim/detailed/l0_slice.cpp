#include "sim/detailed/l0_slice.hpp"

#include <utility>

#include "models/base/check.hpp"

namespace nibble::detailed {

std::uint64_t L0Slice::drive(const Beat& beat, unsigned element_bits) {
  NIBBLE_CHECK(!words_.empty(), "{}: no operand for row {}, entry {}", row_, beat.row, beat.entry);
  bus_ = std::move(words_.front());
  words_.pop_front();
  NIBBLE_CHECK(bus_.beat.row == beat.row && bus_.beat.entry == beat.entry, "{}: the operand of row {} for row {}", row_,
               bus_.beat.row, beat.row);
  bus_.beat = beat;
  return bus_.codes.size() * element_bits;
}

}  // namespace nibble::detailed
