#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <systemc>

#include "sim/detailed/operand_word.hpp"

namespace nibble::detailed {

/// Accesses of a slice's banks: lines, which a port moves whole.
struct L0Accesses {
  std::uint64_t line_reads = 0, line_writes = 0;
  std::uint64_t conflicts = 0;  ///< cycles in which a line waited because its bank was being read

  L0Accesses& operator+=(const L0Accesses& other) {
    line_reads += other.line_reads;
    line_writes += other.line_writes;
    conflicts += other.conflicts;
    return *this;
  }
};

/// L0Slice: one row's part of L0, and the bus onto which it puts an operand word a cycle.
///
/// Two banks of one port each hold lines, as wide as the port, in turn. Words from L1 gather to lines in a write buffer; a read
///         register hands a line's words out one by one. A word that is needed before its line is full comes from the
///         write buffer.
/// Order   In a cycle a bank serves one access, a read before a write: the line that is to be written waits, and those
///         behind it. While four full ones stand in the write buffer and the next is begun, no more words are taken.
/// Not modelled  a word wider than the port: it takes one cycle all the same.
class L0Slice : public sc_core::sc_module {
 public:
  /// A line takes as many whole words as fit, at least one; a code has `element_bits`.
  L0Slice(sc_core::sc_module_name name, std::uint64_t line_bits, unsigned element_bits);

  /// The write buffer is full.
  [[nodiscard]] bool busy() const { return arriving_.size() > kWriteLines; }
  /// An operand word arrives from L1.
  void fill(OperandWord word);
  /// `beat` reaches this row: its word goes onto the bus. Returns the bits read.
  std::uint64_t drive(const Beat& beat);
  void release_bus() { bus_.beat.valid = false; }
  /// The cycle's reads are done: a full line goes into its bank if that is free.
  void end_cycle();

  [[nodiscard]] const OperandWord& bus() const { return bus_; }
  [[nodiscard]] const L0Accesses& accesses() const { return accesses_; }
  void trace(sc_core::sc_trace_file* file) const;

 private:
  static constexpr std::size_t kBanks = 2, kWriteLines = 4;
  struct Line {
    std::deque<OperandWord> words;
    std::uint64_t bits = 0;
  };

  [[nodiscard]] std::uint64_t bits_of(const OperandWord& word) const { return word.codes.size() * element_bits_; }
  /// Where the next word is: in the read register, a bank, or still in the write buffer.
  OperandWord take();
  OperandWord take_arriving();
  /// The write buffer's first line is full: as it is, or because the next word did not fit.
  [[nodiscard]] bool line_full() const {
    return arriving_.size() > 1 || (arriving_.size() == 1 && arriving_.front().bits >= line_bits_);
  }
  void write_line();

  const std::uint64_t line_bits_;
  const unsigned element_bits_;
  std::deque<Line> arriving_;                    ///< the write buffer; only the last line may not be full
  std::array<std::deque<Line>, kBanks> banks_;
  Line leaving_;                                 ///< the read register
  std::size_t read_bank_ = 0, write_bank_ = 0;   ///< of the next line
  bool reading_ = false;                         ///< in this cycle, the bank before read_bank_
  bool conflict_ = false;
  OperandWord bus_;
  L0Accesses accesses_;
};

/// A beat reaches row r r cycles after row 0: each row's slice puts the word of `beats[r]` onto its bus, or nothing if that beat
/// begins below the row. `rows` have slices, `first_row(beat)` is the first row that takes part. Returns the bits read.
template <class Rows, class FirstRow>
std::uint64_t drive_slices(const Rows& rows, const std::deque<Beat>& beats, const FirstRow& first_row) {
  std::uint64_t bits = 0;
  for (std::uint32_t r = 0; r < rows.size(); ++r) {
    const Beat& beat = beats[r];
    if (beat.valid && r >= first_row(beat)) {
      bits += rows[r]->slice().drive(beat);
    } else {
      rows[r]->slice().release_bus();
    }
    rows[r]->slice().end_cycle();
  }
  return bits;
}

/// Whether some row's slice takes no more words in this cycle.
template <class Rows>
bool any_slice_busy(const Rows& rows) {
  return std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row->slice().busy(); });
}

template <class Rows>
L0Accesses accesses_of_slices(const Rows& rows) {
  L0Accesses sum;
  for (const auto& row : rows) sum += row->slice().accesses();
  return sum;
}

}  // namespace nibble::detailed
