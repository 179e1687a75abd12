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

/// A beat reaches row r r cycles after row 0: each row's slice puts the word of `beats[r]` onto its bus, or nothing if that beat
/// begins below the row. `rows` have slices, `first_row(beat)` is the first row that takes part. Returns the bits read.
template <class Rows, class FirstRow>
std::uint64_t drive_slices(const Rows& rows, const std::deque<Beat>& beats, const FirstRow& first_row, unsigned element_bits) {
  std::uint64_t bits = 0;
  for (std::uint32_t r = 0; r < rows.size(); ++r) {
    const Beat& beat = beats[r];
    if (beat.valid && r >= first_row(beat)) {
      bits += rows[r]->slice().drive(beat, element_bits);
    } else {
      rows[r]->slice().release_bus();
    }
  }
  return bits;
}

}  // namespace nibble::detailed
