#include "sim/detailed/operand_fetch.hpp"

#include <algorithm>

namespace nibble::detailed {

OperandFetch::OperandFetch(const Block& block, std::uint64_t pass_rows, const BeatOrder& first)
    : block_{block}, pass_rows_{pass_rows}, next_{first} {
  look_ahead();
}

void OperandFetch::step(Port& port, std::uint64_t budget) {
  while (budget > 0 && can_take()) {
    const std::uint64_t item = sums_next_ ? sum_bits() : operand_bits();
    const std::uint64_t part = sums_next_ ? std::min(item - arrived_, sum_bits_left_) : item - arrived_;
    const std::uint64_t moved = port.move(std::min(budget, part));
    if (moved == 0) return;
    budget -= moved;
    arrived_ += moved;
    (sums_next_ ? sum_bits_fetched_ : bits_fetched_) += moved;
    if (sums_next_) sum_bits_left_ -= moved;
    if (arrived_ == item) deliver();
  }
}

void OperandFetch::beat_issued(const Beat& beat) {
  ++beats_issued_;
  if (block_.reads_sums && beat.takes_sums) ++sums_taken_;
}

void OperandFetch::deliver() {
  arrived_ = 0;
  if (sums_next_) {
    if (!deliver_sums()) return;
    ++sums_fetched_;
    sums_next_ = false;
    return;
  }
  deliver_operands();
  ++beats_fetched_;
  next_.advance();
  look_ahead();
}

}  // namespace nibble::detailed
