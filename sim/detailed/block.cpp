#include "sim/detailed/block.hpp"

#include "models/base/check.hpp"

namespace nibble::detailed {
namespace {

struct Range {
  std::uint64_t first = 0, size = 0;
};

std::vector<Range> cut(std::uint64_t extent, std::uint64_t piece) {
  std::vector<Range> ranges;
  for (std::uint64_t at = 0; at < extent; at += piece) ranges.push_back({at, std::min(piece, extent - at)});
  return ranges;
}

/// Ranges of equal size side by side: all full ones, then the rest.
std::vector<std::vector<Range>> by_size(const std::vector<Range>& ranges) {
  std::vector<std::vector<Range>> classes;
  for (const Range& range : ranges) {
    if (classes.empty() || classes.back().front().size != range.size) classes.emplace_back();
    classes.back().push_back(range);
  }
  return classes;
}

std::vector<Block> plan_stationary(const ArrayShape& shape, const TileWork& work) {
  const std::uint64_t width = shape.transposed() ? work.m : work.n;
  const std::uint64_t rows = shape.transposed() ? work.n : work.m;
  const std::uint64_t block_depth = std::uint64_t{shape.rows} * shape.macs * shape.entries;
  std::vector<Block> blocks;
  for (const auto& columns : by_size(cut(width, std::uint64_t{shape.columns} * shape.lanes))) {
    for (const Range& k : cut(work.k, block_depth)) {
      for (std::uint64_t group = 0; group < work.count; ++group) {
        for (const Range& channels : columns) {
          blocks.push_back({.group = group, .rows = rows, .w0 = channels.first, .width = channels.size,
                            .k0 = k.first, .depth = k.size, .reads_sums = k.first > 0 || work.accumulate});
        }
      }
    }
  }
  return blocks;
}

/// A row's slice of L0 brings each lane's operands: as many lanes work as one beat of it feeds.
std::vector<Block> plan_depthwise(const ArrayShape& shape, const TileWork& work) {
  NIBBLE_CHECK(work.n == 1, "a depthwise tile has one output channel a group, not {}", work.n);
  const std::uint64_t fed = std::max<std::uint64_t>(1, shape.slice_bits / (std::uint64_t{shape.macs} * shape.a_bits));
  const std::uint64_t lanes = std::min<std::uint64_t>({shape.lanes, fed, work.count});
  const std::uint64_t block_depth = std::uint64_t{shape.rows} * shape.macs * shape.entries;
  std::vector<Block> blocks;
  for (const auto& groups : by_size(cut(work.count, lanes))) {
    for (const Range& k : cut(work.k, block_depth)) {
      for (const Range& group : groups) {
        blocks.push_back({.group = group.first, .groups = group.size, .rows = work.m, .width = 1, .k0 = k.first,
                          .depth = k.size, .depthwise = true, .reads_sums = k.first > 0 || work.accumulate});
      }
    }
  }
  return blocks;
}

/// Each lane of each element holds `entries` outputs of its column: those of as many groups of rows.
std::vector<Block> plan_outputs(const ArrayShape& shape, const TileWork& work) {
  std::vector<Block> blocks;
  for (const auto& rows : by_size(cut(work.m, std::uint64_t{shape.rows} * shape.entries))) {
    for (const auto& columns : by_size(cut(work.n, std::uint64_t{shape.columns} * shape.lanes))) {
      for (std::uint64_t group = 0; group < work.count; ++group) {
        for (const Range& row : rows) {
          for (const Range& channels : columns) {
            blocks.push_back({.group = group, .row0 = row.first, .rows = row.size, .w0 = channels.first,
                              .width = channels.size, .depth = work.k, .reads_sums = work.accumulate});
          }
        }
      }
    }
  }
  return blocks;
}

}  // namespace

std::vector<Block> plan_blocks(const ArrayShape& shape, const TileWork& work) {
  if (shape.dataflow == Dataflow::output_stationary) return plan_outputs(shape, work);
  return work.depthwise ? plan_depthwise(shape, work) : plan_stationary(shape, work);
}

BeatOrder::BeatOrder(const ArrayShape& shape, const Block& block, std::uint32_t buffer)
    : rows_{block.rows},
      accumulators_{shape.accumulators},
      entries_{BlockView{shape, block}.entries()},
      chunk_trees_{shape.chunk_trees} {
  sums_entry_ = (chunk_trees_ == 0 ? 1 : std::min(chunk_trees_, entries_)) - 1;
  beat_.valid = true;
  beat_.buffer = buffer;
  describe();
}

BeatOrder::BeatOrder(const ArrayShape& shape, std::uint64_t groups, std::uint32_t steps)
    : rows_{groups}, accumulators_{groups}, entries_{steps}, chunk_trees_{shape.chunk_trees} {
  beat_.valid = true;
  describe();
}

void BeatOrder::advance() {
  ++beat_.row;
  if (beat_.row == std::min(pass_first_ + accumulators_, rows_)) {
    ++beat_.entry;
    if (beat_.entry == entries_) {
      beat_.entry = 0;
      pass_first_ += accumulators_;
    }
    beat_.row = pass_first_;
  }
  describe();
}

void BeatOrder::describe() {
  beat_.accumulator = static_cast<std::uint32_t>(beat_.row - pass_first_);
  beat_.first = beat_.entry == 0;
  beat_.last = beat_.entry + 1 == entries_;
  beat_.chunk_ends = beat_.last || (chunk_trees_ != 0 && (beat_.entry + 1) % chunk_trees_ == 0);
  beat_.takes_sums = beat_.entry == sums_entry_;
}

}  // namespace nibble::detailed
