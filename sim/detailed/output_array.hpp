#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <systemc>
#include <vector>

#include "sim/detailed/l0_slice.hpp"
#include "sim/detailed/output_element.hpp"
#include "sim/detailed/output_view.hpp"

namespace nibble::detailed {

/// ColumnHead: what stands above a column: its part of L0 with B's words, and the sums that go down.
class ColumnHead {
 public:
  void fill(ColumnWord word) { words_.push_back(std::move(word)); }
  void take_sums(RowSums sums);
  /// A beat that begins a step reaches this column: B's word goes onto the bus. Returns its codes.
  std::size_t drive(std::uint32_t step);
  void release_bus() { bus_.valid = false; }
  void next_cycle() { sums_.valid = false; }

  [[nodiscard]] std::size_t words() const { return words_.size(); }
  [[nodiscard]] const ColumnWord& bus() const { return bus_; }
  [[nodiscard]] const RowSums& sums() const { return sums_; }

 private:
  std::deque<ColumnWord> words_;
  ColumnWord bus_;
  RowSums sums_;
};

/// A row of an output-stationary array with its slice of L0.
class OutputRow : public sc_core::sc_module {
 public:
  OutputRow(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
            const sc_core::sc_event& data_phase, const CodeTable& a_table, const CodeTable& b_table, std::uint32_t row);

  [[nodiscard]] L0Slice& slice() { return slice_; }
  [[nodiscard]] const L0Slice& slice() const { return slice_; }
  [[nodiscard]] OutputElement& element(std::uint32_t column) { return *elements_[column]; }

 private:
  L0Slice slice_;
  std::vector<std::unique_ptr<OutputElement>> elements_;
};

/// OutputArray: rows and columns of elements that keep C, wired; A comes along the rows, B down the columns.
class OutputArray : public sc_core::sc_module {
 public:
  OutputArray(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
              const sc_core::sc_event& data_phase, const CodeTable& a_table, const CodeTable& b_table);

  /// A beat enters row 0 and column 0, those under way move on by one. Returns the bits read from L0.
  std::uint64_t advance_beats(const Beat& issued, const OutputView& view);
  /// What left the lowest row in the cycle before; `rows` of C.
  void collect_outputs(const OutputView& view, std::deque<FinishedSums>& outputs) const;
  void command(const DrainCommand& drain) { drain_ = drain; }
  void next_cycle();
  /// A slice takes no more words in this cycle.
  [[nodiscard]] bool slices_busy() const { return any_slice_busy(rows_); }
  [[nodiscard]] L0Accesses l0_accesses() const { return accesses_of_slices(rows_); }

  [[nodiscard]] OutputRow& row(std::uint32_t r) { return *rows_[r]; }
  [[nodiscard]] ColumnHead& head(std::uint32_t column) { return heads_[column]; }
  [[nodiscard]] ElementCounts take_counts();
  void trace(sc_core::sc_trace_file* file) const;

 private:
  const ArrayShape& shape_;
  std::vector<ColumnHead> heads_;
  std::vector<std::unique_ptr<OutputRow>> rows_;
  std::deque<Beat> beats_;  ///< [d]: the beat that entered d cycles ago, in row d and column d
  DrainCommand drain_;
};

}  // namespace nibble::detailed
