#pragma once

#include <cstdint>

#include "sim/detailed/element_array.hpp"
#include "sim/detailed/port.hpp"

namespace nibble::detailed {

/// OperandFetch: brings a block's streamed operands from L1 into the L0 slices, and partial sums to the column feet, in
/// the order in which beats need them and as far ahead as they have room.
class OperandFetch {
 public:
  OperandFetch(const ArrayShape& shape, TileWork& work, const Block& block, std::uint32_t buffer,
               ElementArray& array);

  /// Moves up to `budget` bits.
  void step(Port& port, std::uint64_t budget);
  void beat_issued(const Beat& beat);

  /// Less than a pass is ready: a claim to the port. Beyond that it takes what others leave.
  [[nodiscard]] bool hungry() const {
    return !next_.at_end() && (arrived_ > 0 || has_room()) && beats_fetched_ - beats_issued_ < shape_.accumulators;
  }
  [[nodiscard]] bool beat_ready() const { return beats_fetched_ > beats_issued_; }
  [[nodiscard]] bool sums_ready() const { return !block_.reads_sums || sums_fetched_ > sums_taken_; }
  [[nodiscard]] std::uint64_t bits_fetched() const { return bits_fetched_; }          ///< of operands
  [[nodiscard]] std::uint64_t sum_bits_fetched() const { return sum_bits_fetched_; }

 private:
  [[nodiscard]] bool has_room() const;
  [[nodiscard]] std::uint64_t item_bits() const;
  void deliver();
  void deliver_words();
  void deliver_sums();

  const ArrayShape& shape_;
  TileWork& work_;
  const Block& block_;
  BlockView view_;
  ElementArray& array_;
  BeatOrder next_;                 ///< the beat whose operands, or sums, come next
  bool sums_next_ = false;
  std::uint64_t arrived_ = 0;      ///< bits of it
  std::uint64_t beats_fetched_ = 0, beats_issued_ = 0;
  std::uint64_t sums_fetched_ = 0, sums_taken_ = 0;
  std::uint64_t bits_fetched_ = 0, sum_bits_fetched_ = 0;
};

}  // namespace nibble::detailed
