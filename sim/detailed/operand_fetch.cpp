#include "sim/detailed/operand_fetch.hpp"

#include <utility>

namespace nibble::detailed {

OperandFetch::OperandFetch(const ArrayShape& shape, TileWork& work, const Block& block, std::uint32_t buffer,
                           ElementArray& array)
    : shape_{shape}, work_{work}, block_{block}, view_{shape, block}, array_{array}, next_{shape, block, buffer} {
  sums_next_ = block_.reads_sums && next_.beat().takes_sums;
}

bool OperandFetch::has_room() const {
  return sums_next_ ? sums_fetched_ - sums_taken_ < shape_.accumulators
                    : beats_fetched_ - beats_issued_ < shape_.slice_words;
}

std::uint64_t OperandFetch::item_bits() const {
  if (sums_next_) return view_.channels() * shape_.sum_bits;
  return view_.elements(next_.beat().entry) * block_.groups * view_.streamed_bits();
}

void OperandFetch::step(Port& port, std::uint64_t budget) {
  while (budget > 0 && !next_.at_end() && (arrived_ > 0 || has_room())) {
    const std::uint64_t moved = port.move(std::min(budget, item_bits() - arrived_));
    if (moved == 0) return;
    budget -= moved;
    arrived_ += moved;
    (sums_next_ ? sum_bits_fetched_ : bits_fetched_) += moved;
    if (arrived_ == item_bits()) deliver();
  }
}

void OperandFetch::beat_issued(const Beat& beat) {
  ++beats_issued_;
  if (block_.reads_sums && beat.takes_sums) ++sums_taken_;
}

void OperandFetch::deliver() {
  arrived_ = 0;
  if (sums_next_) {
    deliver_sums();
    sums_next_ = false;
    return;
  }
  deliver_words();
  next_.advance();
  sums_next_ = !next_.at_end() && block_.reads_sums && next_.beat().takes_sums;
}

void OperandFetch::deliver_words() {
  const Beat& beat = next_.beat();
  for (std::uint32_t r = view_.first_row(beat.entry); r < shape_.rows; ++r) {
    const std::uint64_t k = view_.first_k(beat.entry, r);
    OperandWord word{beat, block_.depthwise, {}};
    for (std::uint32_t lane = 0; lane < block_.groups; ++lane) {
      for (std::uint32_t s = 0; s < view_.splits(beat.entry, r); ++s) {
        word.codes.push_back(view_.streamed(work_, beat.row, k + s, lane));
      }
    }
    array_.row(r).fill(std::move(word));
  }
  ++beats_fetched_;
}

void OperandFetch::deliver_sums() {
  for (std::uint32_t c = 0; c < shape_.columns; ++c) {
    std::vector<std::uint32_t> codes;
    for (std::uint32_t lane = 0; lane < view_.lanes(c); ++lane) {
      codes.push_back(view_.output(work_, next_.beat().row, std::uint64_t{c} * shape_.lanes + lane));
    }
    if (!codes.empty()) array_.foot(c).take_sums(std::move(codes));
  }
  ++sums_fetched_;
}

}  // namespace nibble::detailed
