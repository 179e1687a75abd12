#pragma once

#include <cstdint>

#include "sim/detailed/element_array.hpp"
#include "sim/detailed/operand_fetch.hpp"

namespace nibble::detailed {

/// StationaryFetch: of a weight- or input-stationary block; operands into the rows' slices, sums to the column feet.
class StationaryFetch : public OperandFetch {
 public:
  StationaryFetch(const ArrayShape& shape, TileWork& work, const Block& block, std::uint32_t buffer, ElementArray& array);

 private:
  [[nodiscard]] bool operands_fit() const override {
    return beats_waiting() < shape_.slice_words && !array_.slices_busy();
  }
  [[nodiscard]] std::uint64_t operand_bits() const override;
  [[nodiscard]] std::uint64_t sum_bits() const override { return view_.channels() * shape_.sum_bits; }
  void deliver_operands() override;
  bool deliver_sums() override;

  const ArrayShape& shape_;
  TileWork& work_;
  const Block& block_;
  BlockView view_;
  ElementArray& array_;
};

}  // namespace nibble::detailed
