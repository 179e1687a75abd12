#pragma once

#include <cstdint>

#include "sim/detailed/operand_fetch.hpp"
#include "sim/detailed/output_array.hpp"

namespace nibble::detailed {

/// OutputFetch: of an output-stationary block; A into the rows' slices, B above the columns, partial sums down them.
///
/// A beat brings A's words of one group of rows for one step; the first of a step brings B's words, too. Sums of a group
/// come before its first beat, from the lowest row up, at most one row a cycle: as they go down.
class OutputFetch : public OperandFetch {
 public:
  OutputFetch(const ArrayShape& shape, TileWork& work, const Block& block, OutputArray& array);

 private:
  [[nodiscard]] bool operands_fit() const override;
  [[nodiscard]] std::uint64_t operand_bits() const override;
  [[nodiscard]] std::uint64_t sum_bits() const override { return block_.width * shape_.sum_bits; }
  [[nodiscard]] std::uint64_t sum_bits_a_cycle() const override { return sum_bits(); }
  void deliver_operands() override;
  bool deliver_sums() override;
  void deliver_column_words();

  const ArrayShape& shape_;
  TileWork& work_;
  const Block& block_;
  BlockView view_;
  OutputView outputs_;
  OutputArray& array_;
  std::uint32_t sums_sent_ = 0;  ///< rows of the group's
};

}  // namespace nibble::detailed
