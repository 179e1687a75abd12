#include "sim/detailed/element_array.hpp"

#include <fmt/format.h>

#include <utility>

namespace nibble::detailed {

Row::Row(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
         const sc_core::sc_event& data_phase, const CodeTable& stationary, const CodeTable& streamed)
    : sc_module{name}, slice_{"l0", shape.slice_bits, shape.streamed_bits()} {
  for (std::uint32_t c = 0; c < shape.columns; ++c) {
    elements_.push_back(std::make_unique<ProcessingElement>(fmt::format("col{}", c).c_str(), shape, cycle, data_phase,
                                                            stationary, streamed));
  }
}

void Row::trace(sc_core::sc_trace_file* file) const {
  slice_.trace(file);
  for (const auto& element : elements_) element->trace(file);
}

ElementArray::ElementArray(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
                           const sc_core::sc_event& data_phase, const CodeTable& stationary, const CodeTable& streamed,
                           std::deque<FinishedSums>& outputs)
    : sc_module{name}, shape_{shape}, beats_(shape.rows) {
  for (std::uint32_t c = 0; c < shape.columns; ++c) {
    feet_.push_back(std::make_unique<ColumnFoot>(fmt::format("foot{}", c).c_str(), shape, cycle, c, outputs));
  }
  for (std::uint32_t r = 0; r < shape.rows; ++r) {
    rows_.push_back(
        std::make_unique<Row>(fmt::format("row{}", r).c_str(), shape, cycle, data_phase, stationary, streamed));
    for (std::uint32_t c = 0; c < shape.columns; ++c) {
      rows_[r]->element(c).connect(c == 0 ? &rows_[r]->slice().bus() : nullptr, c == 0 ? nullptr : &rows_[r]->element(c - 1),
                                   r == 0 ? nullptr : &rows_[r - 1]->element(c),
                                   r + 1 == shape.rows ? feet_[c].get() : nullptr);
    }
  }
}

std::uint64_t ElementArray::advance_beats(const Beat& issued, const BlockView& view) {
  beats_.pop_back();
  beats_.push_front(issued);
  return drive_slices(rows_, beats_, [&](const Beat& beat) { return view.first_row(beat.entry); });
}

ElementCounts ElementArray::take_counts() {
  ElementCounts sum;
  for (const auto& row : rows_) {
    for (std::uint32_t c = 0; c < shape_.columns; ++c) sum += std::exchange(row->element(c).counts(), {});
  }
  return sum;
}

void ElementArray::trace(sc_core::sc_trace_file* file) const {
  for (const auto& row : rows_) row->trace(file);
  for (const auto& foot : feet_) foot->trace(file);
}

}  // namespace nibble::detailed
