#include "sim/detailed/output_fetch.hpp"

#include <utility>
#include <vector>

namespace nibble::detailed {

OutputFetch::OutputFetch(const ArrayShape& shape, TileWork& work, const Block& block, OutputArray& array)
    : OperandFetch{block, OutputView{shape, block}.groups(),
                   BeatOrder{shape, OutputView{shape, block}.groups(), OutputView{shape, block}.steps()}},
      shape_{shape},
      work_{work},
      block_{block},
      view_{shape, block},
      outputs_{shape, block},
      array_{array} {}

bool OutputFetch::operands_fit() const {
  return beats_waiting() < shape_.slice_words && !array_.slices_busy() && (next().row != 0 || array_.head(0).words() < shape_.head_words);
}

std::uint64_t OutputFetch::operand_bits() const {
  const std::uint64_t b_bits = next().row == 0 ? block_.width * shape_.b_bits : 0;
  return outputs_.splits(next().entry) * (outputs_.rows_in(next().row) * shape_.a_bits + b_bits);
}

void OutputFetch::deliver_operands() {
  const Beat& beat = next();
  const std::uint64_t k = outputs_.first_k(beat.entry);
  for (std::uint32_t r = outputs_.first_row(beat.row); r < shape_.rows; ++r) {
    OperandWord word{beat, false, {}};
    for (std::uint32_t s = 0; s < outputs_.splits(beat.entry); ++s) {
      word.codes.push_back(outputs_.a(work_, beat.row, r, k + s));
    }
    array_.row(r).slice().fill(std::move(word));
  }
  if (beat.row == 0) deliver_column_words();
}

void OutputFetch::deliver_column_words() {
  const std::uint32_t step = next().entry, splits = outputs_.splits(step);
  for (std::uint32_t c = 0; c < shape_.columns; ++c) {
    ColumnWord word{true, step, {view_.lanes(c), splits, {}}};
    for (std::uint32_t lane = 0; lane < word.word.lanes; ++lane) {
      for (std::uint32_t s = 0; s < splits; ++s) {
        word.word.codes.push_back(outputs_.b(work_, outputs_.first_k(step) + s, std::uint64_t{c} * shape_.lanes + lane));
      }
    }
    array_.head(c).fill(std::move(word));
  }
}

bool OutputFetch::deliver_sums() {
  const auto group = static_cast<std::uint32_t>(next().row);
  const std::uint32_t row = shape_.rows - 1 - sums_sent_;
  for (std::uint32_t c = 0; c < shape_.columns; ++c) {
    RowSums sums{true, true, group, row, {}};
    for (std::uint32_t lane = 0; lane < view_.lanes(c); ++lane) {
      sums.codes.push_back(view_.output(work_, outputs_.output_row(group, row), std::uint64_t{c} * shape_.lanes + lane));
    }
    if (!sums.codes.empty()) array_.head(c).take_sums(std::move(sums));
  }
  if (++sums_sent_ < outputs_.rows_in(group)) return false;
  sums_sent_ = 0;
  return true;
}

}  // namespace nibble::detailed
