#include "sim/detailed/weight_loader.hpp"

#include <algorithm>
#include <utility>

namespace nibble::detailed {

WeightLoader::WeightLoader(const ArrayShape& shape, const TileWork& work, const std::vector<Block>& blocks,
                           ElementArray& array)
    : shape_{shape}, work_{work}, blocks_{blocks}, array_{array} {
  if (blocks_.empty()) return;
  block_left_ = block_bits(0);
  row_ = BlockView{shape_, blocks_[0]}.first_row(0);
}

std::uint64_t WeightLoader::block_bits(std::size_t index) const {
  const BlockView view{shape_, blocks_[index]};
  return blocks_[index].depth * view.channels() * view.stationary_bits();
}

std::uint64_t WeightLoader::wanted(std::uint64_t used) const {
  if (loaded_ == blocks_.size() || loaded_ - used >= shape_.buffers) return 0;
  if (shape_.load_rows == 0) return block_left_;
  const BlockView view{shape_, blocks_[loaded_]};
  return std::min(block_left_, std::uint64_t{shape_.load_rows} * shape_.macs * view.channels() * view.stationary_bits());
}

std::uint64_t WeightLoader::word_bits() const {
  const BlockView view{shape_, blocks_[loaded_]};
  return view.splits(entry_, row_) * view.channels() * view.stationary_bits();
}

void WeightLoader::step(Port& port, std::uint64_t used) {
  std::uint64_t moved = port.move(wanted(used));
  block_left_ -= moved;
  while (moved > 0) {
    const std::uint64_t part = std::min(moved, word_bits() - arrived_);
    arrived_ += part;
    moved -= part;
    if (arrived_ == word_bits()) store_word();
  }
}

void WeightLoader::store_word() {
  const BlockView view{shape_, blocks_[loaded_]};
  const std::uint32_t splits = view.splits(entry_, row_);
  const std::uint64_t k = view.first_k(entry_, row_);
  for (std::uint32_t c = 0; c < shape_.columns; ++c) {
    const std::uint32_t lanes = view.lanes(c);
    std::vector<std::uint32_t> codes;
    codes.reserve(std::size_t{lanes} * splits);
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
      const std::uint64_t channel = std::uint64_t{c} * shape_.lanes + lane;
      for (std::uint32_t s = 0; s < splits; ++s) codes.push_back(view.stationary(work_, channel, k + s));
    }
    const auto buffer = static_cast<std::uint32_t>(loaded_ % shape_.buffers);
    array_.row(row_).element(c).load(buffer, entry_, lanes, splits, std::move(codes));
  }
  next_word();
}

void WeightLoader::next_word() {
  const BlockView view{shape_, blocks_[loaded_]};
  arrived_ = 0;
  if (++row_ < shape_.rows) return;
  if (++entry_ < view.entries()) {
    row_ = view.first_row(entry_);
    return;
  }
  entry_ = 0;
  if (++loaded_ == blocks_.size()) return;
  block_left_ = block_bits(loaded_);
  row_ = BlockView{shape_, blocks_[loaded_]}.first_row(0);
}

}  // namespace nibble::detailed
