#pragma once

#include <cstdint>
#include <vector>

#include "sim/detailed/element_array.hpp"
#include "sim/detailed/port.hpp"

namespace nibble::detailed {

/// WeightLoader: brings stationary blocks from L1 into the elements' registers, as far ahead as their buffers allow.
///
/// A block comes as a stream of words, entry by entry and row by row; a word is in its registers with its last bit. At most
/// `load_rows` full words a cycle, if the array limits that.
class WeightLoader {
 public:
  WeightLoader(const ArrayShape& shape, const TileWork& work, const std::vector<Block>& blocks, ElementArray& array);

  /// Bits that it would move in this cycle if it could; `used`: blocks that the array is done with.
  [[nodiscard]] std::uint64_t wanted(std::uint64_t used) const;
  void step(Port& port, std::uint64_t used);
  [[nodiscard]] std::uint64_t blocks_loaded() const { return loaded_; }
  /// Bits of block `index`.
  [[nodiscard]] std::uint64_t block_bits(std::size_t index) const;

 private:
  void store_word();
  [[nodiscard]] std::uint64_t word_bits() const;
  void next_word();

  const ArrayShape& shape_;
  const TileWork& work_;
  const std::vector<Block>& blocks_;
  ElementArray& array_;
  std::uint64_t loaded_ = 0;
  std::uint32_t entry_ = 0, row_ = 0;     ///< the word on its way
  std::uint64_t arrived_ = 0;             ///< bits of it
  std::uint64_t block_left_ = 0;          ///< bits of the block that have not come
};

}  // namespace nibble::detailed
