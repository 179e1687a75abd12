#pragma once

#include <cstdint>

#include "sim/detailed/block.hpp"
#include "sim/detailed/port.hpp"

namespace nibble::detailed {

/// OperandFetch: brings a block's streamed operands from L1 into L0, and partial sums to where they are added to, in the
/// order in which beats need them and as far ahead as they have room. Where they go is the dataflow's business.
class OperandFetch {
 public:
  /// `pass_rows`: beats of one entry before the next entry's. `first`: the block's first beat.
  OperandFetch(const Block& block, std::uint64_t pass_rows, const BeatOrder& first);
  OperandFetch(const OperandFetch&) = delete;
  OperandFetch& operator=(const OperandFetch&) = delete;
  virtual ~OperandFetch() = default;

  void begin_cycle() { sum_bits_left_ = sum_bits_a_cycle(); }
  /// Moves up to `budget` bits.
  void step(Port& port, std::uint64_t budget);
  void beat_issued(const Beat& beat);

  /// Less than a pass is ready: a claim to the port. Beyond that it takes what others leave.
  [[nodiscard]] bool hungry() const { return can_take() && beats_waiting() < pass_rows_; }
  /// There is more to fetch, and room for it.
  [[nodiscard]] bool can_take() const { return !next_.at_end() && (arrived_ > 0 || has_room()); }
  [[nodiscard]] bool beat_ready() const { return beats_waiting() > 0; }
  [[nodiscard]] bool sums_ready() const { return !block_.reads_sums || sums_fetched_ > sums_taken_; }
  [[nodiscard]] std::uint64_t bits_fetched() const { return bits_fetched_; }          ///< of operands
  [[nodiscard]] std::uint64_t sum_bits_fetched() const { return sum_bits_fetched_; }

 protected:
  [[nodiscard]] const Beat& next() const { return next_.beat(); }  ///< whose operands, or sums, come next
  [[nodiscard]] std::uint64_t beats_waiting() const { return beats_fetched_ - beats_issued_; }

  [[nodiscard]] virtual bool operands_fit() const = 0;
  [[nodiscard]] virtual std::uint64_t operand_bits() const = 0;      ///< of the next beat
  [[nodiscard]] virtual std::uint64_t sum_bits() const = 0;          ///< of the next part of a beat's sums
  [[nodiscard]] virtual std::uint64_t sum_bits_a_cycle() const { return ~std::uint64_t{0}; }
  virtual void deliver_operands() = 0;
  /// Returns whether these were the last of the beat's.
  virtual bool deliver_sums() = 0;

 private:
  [[nodiscard]] bool has_room() const { return sums_next_ ? sums_fetched_ - sums_taken_ < pass_rows_ : operands_fit(); }
  void deliver();
  void look_ahead() { sums_next_ = !next_.at_end() && block_.reads_sums && next().takes_sums; }

  const Block& block_;
  const std::uint64_t pass_rows_;
  BeatOrder next_;
  bool sums_next_ = false;
  std::uint64_t arrived_ = 0;      ///< bits of what comes next
  std::uint64_t sum_bits_left_ = 0;  ///< that can be taken in this cycle
  std::uint64_t beats_fetched_ = 0, beats_issued_ = 0;
  std::uint64_t sums_fetched_ = 0, sums_taken_ = 0;
  std::uint64_t bits_fetched_ = 0, sum_bits_fetched_ = 0;
};

}  // namespace nibble::detailed
