#pragma once

#include <deque>
#include <memory>
#include <systemc>
#include <vector>

#include "sim/detailed/column_foot.hpp"
#include "sim/detailed/l0_slice.hpp"
#include "sim/detailed/processing_element.hpp"

namespace nibble::detailed {

/// One row of elements with its bus and its slice of L0.
class Row : public sc_core::sc_module {
 public:
  Row(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
      const sc_core::sc_event& data_phase, const CodeTable& stationary, const CodeTable& streamed);

  [[nodiscard]] L0Slice& slice() { return slice_; }
  [[nodiscard]] const L0Slice& slice() const { return slice_; }
  [[nodiscard]] ProcessingElement& element(std::uint32_t column) { return *elements_[column]; }
  void trace(sc_core::sc_trace_file* file) const;

 private:
  L0Slice slice_;
  std::vector<std::unique_ptr<ProcessingElement>> elements_;
};

/// ElementArray: rows and columns of elements, wired; beats pass from row to row, one a cycle.
class ElementArray : public sc_core::sc_module {
 public:
  /// `outputs` takes the sums that leave.
  ElementArray(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
               const sc_core::sc_event& data_phase, const CodeTable& stationary, const CodeTable& streamed,
               std::deque<FinishedSums>& outputs);

  /// The beats of this cycle: `issued` enters row 0, the others move on by one row. Returns the bits read from L0.
  std::uint64_t advance_beats(const Beat& issued, const BlockView& view);

  [[nodiscard]] Row& row(std::uint32_t r) { return *rows_[r]; }
  [[nodiscard]] ColumnFoot& foot(std::uint32_t column) { return *feet_[column]; }
  /// A slice takes no more words in this cycle.
  [[nodiscard]] bool slices_busy() const { return any_slice_busy(rows_); }
  [[nodiscard]] L0Accesses l0_accesses() const { return accesses_of_slices(rows_); }
  /// Adds up what all elements have counted since the last call.
  [[nodiscard]] ElementCounts take_counts();
  void trace(sc_core::sc_trace_file* file) const;

 private:
  const ArrayShape& shape_;
  std::vector<std::unique_ptr<Row>> rows_;
  std::vector<std::unique_ptr<ColumnFoot>> feet_;
  std::deque<Beat> beats_;  ///< [r]: the beat in row r
};

}  // namespace nibble::detailed
