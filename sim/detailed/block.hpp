#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "models/base/units.hpp"
#include "sim/detailed/tile_work.hpp"

namespace nibble::detailed {

/// What the array holds at one time, and the rows that stream past it.
///
/// In the terms of the array: `depth` reduction elements from k0 by `width` channels from w0 stay, `rows` rows of the
/// other operand stream. Input stationary: channels are C's rows.
struct Block {
  std::uint64_t group = 0, groups = 1;  ///< groups > 1: depthwise, one a lane
  std::uint64_t row0 = 0, rows = 0;
  std::uint64_t w0 = 0, width = 0;
  std::uint64_t k0 = 0, depth = 0;
  bool depthwise = false;
  bool reads_sums = false;              ///< C's partial sums are read before they are added to
};

/// The blocks of a tile in the order in which the array works through them: blocks of full width before the rest;
/// among them all first blocks of the reduction, then all second ones, and so on.
[[nodiscard]] std::vector<Block> plan_blocks(const ArrayShape& shape, const TileWork& work);

/// Where an element of a block lies in the tile.
class BlockView {
 public:
  BlockView(const ArrayShape& shape, const Block& block) : shape_{&shape}, block_{&block} {}

  [[nodiscard]] std::uint64_t tree_width() const { return std::uint64_t{shape_->rows} * shape_->macs; }
  [[nodiscard]] std::uint32_t entries() const {
    return static_cast<std::uint32_t>(ceil_div(block_->depth, tree_width()));
  }
  /// Reduction elements in register entry `entry`.
  [[nodiscard]] std::uint64_t elements(std::uint32_t entry) const {
    return std::min(block_->depth - entry * tree_width(), tree_width());
  }
  /// The last entry may leave rows idle: those at the top, so that no sum has to pass them.
  [[nodiscard]] std::uint32_t first_row(std::uint32_t entry) const {
    return shape_->rows - static_cast<std::uint32_t>(ceil_div(elements(entry), shape_->macs));
  }
  [[nodiscard]] std::uint64_t first_k(std::uint32_t entry, std::uint32_t row) const {
    return block_->k0 + entry * tree_width() + std::uint64_t{row - first_row(entry)} * shape_->macs;
  }
  /// Reduction elements of one lane in that row: macs, or what is left.
  [[nodiscard]] std::uint32_t splits(std::uint32_t entry, std::uint32_t row) const {
    const std::uint64_t left = block_->k0 + block_->depth - first_k(entry, row);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(left, shape_->macs));
  }
  /// Lanes of a column with a channel (depthwise: a group) of their own.
  [[nodiscard]] std::uint32_t lanes(std::uint32_t column) const {
    if (block_->depthwise) return column == 0 ? static_cast<std::uint32_t>(block_->groups) : 0;
    const std::uint64_t before = std::uint64_t{column} * shape_->lanes;
    if (before >= block_->width) return 0;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(block_->width - before, shape_->lanes));
  }
  [[nodiscard]] std::uint64_t channels() const { return block_->depthwise ? block_->groups : block_->width; }

  [[nodiscard]] std::uint32_t stationary(const TileWork& work, std::uint64_t channel, std::uint64_t k) const {
    if (block_->depthwise) return work.b_at(block_->group + channel, k, 0);
    return shape_->transposed() ? work.a_at(block_->group, block_->w0 + channel, k)
                                : work.b_at(block_->group, k, block_->w0 + channel);
  }
  /// `lane` only counts where lanes take groups of their own.
  [[nodiscard]] std::uint32_t streamed(const TileWork& work, std::uint64_t row, std::uint64_t k, std::uint32_t lane) const {
    const std::uint64_t group = block_->group + (block_->depthwise ? lane : 0);
    return shape_->transposed() ? work.b_at(group, k, block_->row0 + row) : work.a_at(group, block_->row0 + row, k);
  }
  [[nodiscard]] std::uint32_t& output(TileWork& work, std::uint64_t row, std::uint64_t channel) const {
    if (block_->depthwise) return work.c_at(block_->group + channel, block_->row0 + row, 0);
    return shape_->transposed() ? work.c_at(block_->group, block_->w0 + channel, block_->row0 + row)
                                : work.c_at(block_->group, block_->row0 + row, block_->w0 + channel);
  }
  [[nodiscard]] unsigned stationary_bits() const { return shape_->transposed() ? shape_->a_bits : shape_->b_bits; }
  [[nodiscard]] unsigned streamed_bits() const { return shape_->streamed_bits(); }
  [[nodiscard]] const Block& block() const { return *block_; }

 private:
  const ArrayShape* shape_;
  const Block* block_;
};

/// Control that travels with an operand word through the array.
struct Beat {
  bool valid = false;
  std::uint32_t entry = 0;        ///< register entry of the stationary operand
  std::uint32_t buffer = 0;       ///< weight buffer
  std::uint32_t accumulator = 0;
  std::uint64_t row = 0;          ///< streamed row
  bool first = false;             ///< the first beat of this row in the block: its sums start anew
  bool takes_sums = false;        ///< the first end of a chunk of this row: partial sums from L1 are added
  bool chunk_ends = false;
  bool last = false;              ///< the row's sums leave
};

/// The beats of a block in order: passes of `accumulators` rows; in a pass, entry by entry, row by row.
class BeatOrder {
 public:
  BeatOrder() = default;
  BeatOrder(const ArrayShape& shape, const Block& block, std::uint32_t buffer);
  /// Output stationary: one pass; an entry is a step of the reduction, a row a group of the rows that stay.
  BeatOrder(const ArrayShape& shape, std::uint64_t groups, std::uint32_t steps);

  [[nodiscard]] bool at_end() const { return pass_first_ >= rows_; }
  [[nodiscard]] const Beat& beat() const { return beat_; }
  [[nodiscard]] bool pass_begins() const { return beat_.row == pass_first_ && beat_.entry == 0; }
  [[nodiscard]] std::uint64_t pass() const { return pass_first_ / accumulators_; }
  void advance();

 private:
  void describe();

  std::uint64_t rows_ = 0, accumulators_ = 1, pass_first_ = 0;
  std::uint32_t entries_ = 0, chunk_trees_ = 0;
  std::uint32_t sums_entry_ = 0;  ///< whose beats take partial sums
  Beat beat_;
};

}  // namespace nibble::detailed
