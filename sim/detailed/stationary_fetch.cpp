#include "sim/detailed/stationary_fetch.hpp"

#include <utility>
#include <vector>

namespace nibble::detailed {

StationaryFetch::StationaryFetch(const ArrayShape& shape, TileWork& work, const Block& block, std::uint32_t buffer,
                                 ElementArray& array)
    : OperandFetch{block, shape.accumulators, BeatOrder{shape, block, buffer}},
      shape_{shape},
      work_{work},
      block_{block},
      view_{shape, block},
      array_{array} {}

std::uint64_t StationaryFetch::operand_bits() const {
  return view_.elements(next().entry) * block_.groups * view_.streamed_bits();
}

void StationaryFetch::deliver_operands() {
  const Beat& beat = next();
  for (std::uint32_t r = view_.first_row(beat.entry); r < shape_.rows; ++r) {
    const std::uint64_t k = view_.first_k(beat.entry, r);
    OperandWord word{beat, block_.depthwise, {}};
    for (std::uint32_t lane = 0; lane < block_.groups; ++lane) {
      for (std::uint32_t s = 0; s < view_.splits(beat.entry, r); ++s) {
        word.codes.push_back(view_.streamed(work_, beat.row, k + s, lane));
      }
    }
    array_.row(r).slice().fill(std::move(word));
  }
}

bool StationaryFetch::deliver_sums() {
  for (std::uint32_t c = 0; c < shape_.columns; ++c) {
    std::vector<std::uint32_t> codes;
    for (std::uint32_t lane = 0; lane < view_.lanes(c); ++lane) {
      codes.push_back(view_.output(work_, next().row, std::uint64_t{c} * shape_.lanes + lane));
    }
    if (!codes.empty()) array_.foot(c).take_sums(std::move(codes));
  }
  return true;
}

}  // namespace nibble::detailed
