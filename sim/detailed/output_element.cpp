#include "sim/detailed/output_element.hpp"

#include <utility>

#include "models/base/check.hpp"
#include "models/formats/codec.hpp"

namespace nibble::detailed {

OutputElement::OutputElement(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
                             const sc_core::sc_event& data_phase, const CodeTable& a_table, const CodeTable& b_table,
                             std::uint32_t row)
    : sc_module{name},
      shape_{shape},
      cycle_{cycle},
      a_table_{a_table},
      b_table_{b_table},
      row_{row},
      pipeline_(shape.latency),
      registers_(std::size_t{shape.entries} * shape.lanes),
      written_at_(shape.entries, 0),
      joined_(shape.entries, false) {
  SC_HAS_PROCESS(OutputElement);
  SC_METHOD(step);
  sensitive << data_phase;
  dont_initialize();
}

void OutputElement::connect(const OperandWord* bus, const OutputElement* west, const ColumnWord* head,
                            const RowSums* sums_head, const OutputElement* north, const DrainCommand* drain) {
  bus_ = bus;
  west_ = west;
  head_ = head;
  sums_head_ = sums_head;
  north_ = north;
  drain_ = drain;
}

void OutputElement::step() {
  pass_operands();
  pass_sums();
  SumWord& leaving = pipeline_[(cycle_ + 1) % shape_.latency];
  if (leaving.beat.valid) accumulate(leaving);
  leaving.beat.valid = false;
}

void OutputElement::pass_operands() {
  const ColumnWord& from_north = north_ != nullptr ? north_->column_.read(cycle_) : *head_;
  ColumnWord& south = column_.next(cycle_);
  south.valid = false;
  if (from_north.valid) {
    south = from_north;
    held_ = from_north.word;
    held_step_ = from_north.step;
  }
  const OperandWord& from_west = west_ != nullptr ? west_->operand_.read(cycle_) : *bus_;
  OperandWord& east = operand_.next(cycle_);
  east.beat.valid = false;
  SumWord& entering = pipeline_[cycle_ % shape_.latency];
  entering.beat = from_west.beat;
  busy_ = from_west.beat.valid;
  if (!busy_) return;
  east = from_west;
  NIBBLE_CHECK(held_step_ == from_west.beat.entry, "{}: step {} of A meets step {} of B", name(), from_west.beat.entry,
               held_step_);
  multiply_lanes(a_table_, from_west, b_table_, held_, entering, counts_);
  input_ = from_west.codes.front();
  weight_ = held_.codes.empty() ? 0 : held_.codes.front();
}

void OutputElement::pass_sums() {
  RowSums& south = sums_.next(cycle_);
  south.valid = false;
  const RowSums& from_north = north_ != nullptr ? north_->sums_.read(cycle_) : *sums_head_;
  if (drain_->valid && row_ >= drain_->first_row && held_.lanes > 0) {
    NIBBLE_CHECK(!from_north.valid, "{}: outputs of two registers meet", name());
    put_outputs(south);
  } else if (from_north.valid && from_north.inwards && from_north.row == row_) {
    take_sums(from_north);
  } else if (from_north.valid) {
    south = from_north;
  }
}

void OutputElement::put_outputs(RowSums& south) {
  const NumberFormat& format = shape_.arithmetic.chunk_accumulator;
  const SumRegister* const registers = outputs(drain_->group);
  south = {true, false, drain_->group, row_, {}};
  for (std::uint32_t lane = 0; lane < held_.lanes; ++lane) {
    south.codes.push_back(encode(format, format.conversion, registers[lane].total()).code);
  }
}

void OutputElement::take_sums(const RowSums& sums) {
  const NumberFormat& format = shape_.arithmetic.chunk_accumulator;
  SumRegister* const registers = outputs(sums.group);
  for (std::size_t lane = 0; lane < sums.codes.size(); ++lane) {
    registers[lane].clear();
    registers[lane].join(decode(format, sums.codes[lane]));
  }
  joined_[sums.group] = true;
}

void OutputElement::accumulate(const SumWord& products) {
  const Beat& beat = products.beat;
  const auto group = static_cast<std::uint32_t>(beat.row);
  NIBBLE_CHECK(beat.first || cycle_ - written_at_[group] >= shape_.latency, "{}: output {} is read {} cycles after the step before",
               name(), group, cycle_ - written_at_[group]);
  written_at_[group] = cycle_;
  SumRegister* const registers = outputs(group);
  const bool starts_anew = beat.first && !joined_[group];
  if (beat.first) joined_[group] = false;
  for (std::size_t lane = 0; lane < products.lanes.size(); ++lane) {
    if (starts_anew) registers[lane].clear();
    registers[lane].add(shape_.arithmetic, products.lanes[lane], beat.chunk_ends);
  }
  group_ = group;
  if (!products.lanes.empty()) output_ = registers[0].total();
}

void OutputElement::trace(sc_core::sc_trace_file* file) const {
  const std::string prefix = name();
  sc_core::sc_trace(file, busy_, prefix + ".busy");
  sc_core::sc_trace(file, input_, prefix + ".input");
  sc_core::sc_trace(file, weight_, prefix + ".weight");
  sc_core::sc_trace(file, group_, prefix + ".output_register");
  sc_core::sc_trace(file, output_, prefix + ".output");
}

}  // namespace nibble::detailed
