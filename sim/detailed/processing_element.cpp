#include "sim/detailed/processing_element.hpp"

#include "models/base/check.hpp"
#include "sim/detailed/column_foot.hpp"

namespace nibble::detailed {

ProcessingElement::ProcessingElement(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
                                     const sc_core::sc_event& data_phase, const CodeTable& stationary,
                                     const CodeTable& streamed)
    : sc_module{name},
      shape_{shape},
      cycle_{cycle},
      stationary_{stationary},
      streamed_{streamed},
      registers_(std::size_t{shape.buffers} * shape.entries),
      pipeline_(shape.latency) {
  SC_HAS_PROCESS(ProcessingElement);
  SC_METHOD(step);
  sensitive << data_phase;
  dont_initialize();
}

void ProcessingElement::connect(const OperandWord* bus, const ProcessingElement* west, ProcessingElement* north,
                                ColumnFoot* foot) {
  bus_ = bus;
  west_ = west;
  north_ = north;
  foot_ = foot;
}

void ProcessingElement::load(std::uint32_t buffer, std::uint32_t entry, std::uint32_t lanes, std::uint32_t splits,
                             std::vector<std::uint32_t> codes) {
  registers_[buffer * shape_.entries + entry] = {lanes, splits, std::move(codes)};
}

void ProcessingElement::step() {
  const OperandWord& in = west_ != nullptr ? west_->operand_.read(cycle_) : *bus_;
  OperandWord& out = operand_.next(cycle_);
  out.beat.valid = false;
  if (in.beat.valid) out = in;
  SumWord& entering = pipeline_[cycle_ % shape_.latency];
  multiply(in, entering);
  SumWord& leaving = pipeline_[(cycle_ + 1) % shape_.latency];
  add_north(leaving);
  show(in, leaving);
  SumWord& south = sum_.next(cycle_);
  south.beat.valid = false;
  if (!leaving.beat.valid) return;
  if (foot_ != nullptr) {
    foot_->accumulate(leaving);
  } else {
    std::swap(south, leaving);
  }
  leaving.beat.valid = false;
}

void ProcessingElement::multiply(const OperandWord& word, SumWord& products) {
  products.beat = word.beat;
  if (!word.beat.valid) return;
  const LaneWord& entry = registers_[word.beat.buffer * shape_.entries + word.beat.entry];
  multiply_lanes(streamed_, word, stationary_, entry, products, counts_);
}

void ProcessingElement::add_north(SumWord& sums) {
  if (north_ == nullptr) return;
  const SumWord& from = north_->sum_.read(cycle_);
  if (!from.beat.valid) return;
  NIBBLE_CHECK(sums.beat.valid && sums.beat.row == from.beat.row && sums.beat.entry == from.beat.entry,
               "{}: the sum of row {} meets the products of row {}", name(), from.beat.row, sums.beat.row);
  for (std::size_t lane = 0; lane < sums.lanes.size(); ++lane) sums.lanes[lane].add(from.lanes[lane]);
}

void ProcessingElement::show(const OperandWord& word, const SumWord& sums) {
  busy_ = word.beat.valid;
  if (busy_) {
    entry_ = word.beat.entry;
    input_ = word.codes.front();
    const LaneWord& entry = registers_[word.beat.buffer * shape_.entries + entry_];
    weight_ = entry.codes.empty() ? 0 : entry.codes.front();
  }
  adds_ = sums.beat.valid;
  if (adds_ && !sums.lanes.empty()) partial_sum_ = sums.lanes.front().approximate();
}

void ProcessingElement::trace(sc_core::sc_trace_file* file) const {
  const std::string prefix = name();
  sc_core::sc_trace(file, busy_, prefix + ".busy");
  sc_core::sc_trace(file, entry_, prefix + ".entry");
  sc_core::sc_trace(file, weight_, prefix + ".weight");
  sc_core::sc_trace(file, input_, prefix + ".input");
  sc_core::sc_trace(file, partial_sum_, prefix + ".partial_sum");
}

}  // namespace nibble::detailed
