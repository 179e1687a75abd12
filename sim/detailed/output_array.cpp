#include "sim/detailed/output_array.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "models/base/check.hpp"

namespace nibble::detailed {

void ColumnHead::take_sums(RowSums sums) {
  NIBBLE_CHECK(!sums_.valid, "two rows of sums enter a column at once: {} and {}", sums_.row, sums.row);
  sums_ = std::move(sums);
}

std::size_t ColumnHead::drive(std::uint32_t step) {
  NIBBLE_CHECK(!words_.empty() && words_.front().step == step, "B's word of step {} is not above its column", step);
  bus_ = std::move(words_.front());
  words_.pop_front();
  return bus_.word.codes.size();
}

OutputRow::OutputRow(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
                     const sc_core::sc_event& data_phase, const CodeTable& a_table, const CodeTable& b_table, std::uint32_t row)
    : sc_module{name}, slice_{"l0", shape.slice_bits, shape.streamed_bits()} {
  for (std::uint32_t c = 0; c < shape.columns; ++c) {
    elements_.push_back(
        std::make_unique<OutputElement>(fmt::format("col{}", c).c_str(), shape, cycle, data_phase, a_table, b_table, row));
  }
}

OutputArray::OutputArray(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
                         const sc_core::sc_event& data_phase, const CodeTable& a_table, const CodeTable& b_table)
    : sc_module{name}, shape_{shape}, heads_(shape.columns), beats_(std::max(shape.rows, shape.columns)) {
  for (std::uint32_t r = 0; r < shape.rows; ++r) {
    rows_.push_back(
        std::make_unique<OutputRow>(fmt::format("row{}", r).c_str(), shape, cycle, data_phase, a_table, b_table, r));
    OutputRow& row = *rows_[r];
    for (std::uint32_t c = 0; c < shape.columns; ++c) {
      row.element(c).connect(c == 0 ? &row.slice().bus() : nullptr, c == 0 ? nullptr : &row.element(c - 1),
                             &heads_[c].bus(), &heads_[c].sums(), r == 0 ? nullptr : &rows_[r - 1]->element(c), &drain_);
    }
  }
}

std::uint64_t OutputArray::advance_beats(const Beat& issued, const OutputView& view) {
  beats_.pop_back();
  beats_.push_front(issued);
  std::uint64_t bits = drive_slices(rows_, beats_, [&](const Beat& beat) { return view.first_row(beat.row); });
  for (std::uint32_t c = 0; c < shape_.columns; ++c) {
    const Beat& beat = beats_[c];
    if (beat.valid && beat.row == 0) {
      bits += heads_[c].drive(beat.entry) * shape_.b_bits;
    } else {
      heads_[c].release_bus();
    }
  }
  return bits;
}

void OutputArray::collect_outputs(const OutputView& view, std::deque<FinishedSums>& outputs) const {
  OutputRow& lowest = *rows_.back();
  for (std::uint32_t c = 0; c < shape_.columns; ++c) {
    const RowSums& sums = lowest.element(c).sums_below();
    if (sums.valid) outputs.push_back({view.output_row(sums.group, sums.row), c, sums.codes});
  }
}

void OutputArray::next_cycle() {
  drain_.valid = false;
  for (ColumnHead& head : heads_) head.next_cycle();
}

ElementCounts OutputArray::take_counts() {
  ElementCounts sum;
  for (const auto& row : rows_) {
    for (std::uint32_t c = 0; c < shape_.columns; ++c) sum += std::exchange(row->element(c).counts(), {});
  }
  return sum;
}

void OutputArray::trace(sc_core::sc_trace_file* file) const {
  for (const auto& row : rows_) {
    row->slice().trace(file);
    for (std::uint32_t c = 0; c < shape_.columns; ++c) row->element(c).trace(file);
  }
}

}  // namespace nibble::detailed
