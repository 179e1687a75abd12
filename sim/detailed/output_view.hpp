#pragma once

#include <algorithm>
#include <cstdint>

#include "models/base/units.hpp"
#include "sim/detailed/block.hpp"

namespace nibble::detailed {

/// Where an element of an output-stationary block lies in the tile: array row r holds, in register g, row g R + r of the
/// block. A short last group lies in the lowest rows: they leave first.
class OutputView {
 public:
  OutputView(const ArrayShape& shape, const Block& block) : shape_{&shape}, block_{&block} {}

  [[nodiscard]] std::uint64_t groups() const { return ceil_div(block_->rows, std::uint64_t{shape_->rows}); }
  [[nodiscard]] std::uint32_t rows_in(std::uint64_t group) const {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(block_->rows - group * shape_->rows, shape_->rows));
  }
  [[nodiscard]] std::uint32_t first_row(std::uint64_t group) const { return shape_->rows - rows_in(group); }
  [[nodiscard]] std::uint64_t output_row(std::uint64_t group, std::uint32_t row) const {
    return group * shape_->rows + row - first_row(group);
  }
  /// Steps of the reduction, `macs` elements each; the last may be short.
  [[nodiscard]] std::uint32_t steps() const { return static_cast<std::uint32_t>(ceil_div(block_->depth, std::uint64_t{shape_->macs})); }
  [[nodiscard]] std::uint32_t splits(std::uint32_t step) const {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(block_->depth - first_k(step), shape_->macs));
  }
  [[nodiscard]] std::uint64_t first_k(std::uint32_t step) const { return std::uint64_t{step} * shape_->macs; }

  [[nodiscard]] std::uint32_t a(const TileWork& work, std::uint64_t group, std::uint32_t row, std::uint64_t k) const {
    return work.a_at(block_->group, block_->row0 + output_row(group, row), k);
  }
  [[nodiscard]] std::uint32_t b(const TileWork& work, std::uint64_t k, std::uint64_t channel) const {
    return work.b_at(block_->group, k, block_->w0 + channel);
  }

 private:
  const ArrayShape* shape_;
  const Block* block_;
};

}  // namespace nibble::detailed
