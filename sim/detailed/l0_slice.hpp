#pragma once

#include <cstdint>
#include <deque>
#include <systemc>

#include "sim/detailed/operand_word.hpp"

namespace nibble::detailed {

/// L0Slice: one row's part of L0, and the bus onto which it puts an operand word a cycle.
class L0Slice {
 public:
  explicit L0Slice(std::string row) : row_{std::move(row)} {}

  /// An operand word arrives from L1.
  void fill(OperandWord word) { words_.push_back(std::move(word)); }
  /// `beat` reaches this row: its word goes onto the bus. Returns the bits read.
  std::uint64_t drive(const Beat& beat, unsigned element_bits);
  void release_bus() { bus_.beat.valid = false; }

  [[nodiscard]] const OperandWord& bus() const { return bus_; }

 private:
  std::string row_;
  std::deque<OperandWord> words_;
  OperandWord bus_;
};

}  // namespace nibble::detailed
