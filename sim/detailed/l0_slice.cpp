#include "sim/detailed/l0_slice.hpp"

#include <utility>

#include "models/base/check.hpp"

namespace nibble::detailed {

L0Slice::L0Slice(sc_core::sc_module_name name, std::uint64_t line_bits, unsigned element_bits)
    : sc_module{name}, line_bits_{line_bits}, element_bits_{element_bits} {}

void L0Slice::fill(OperandWord word) {
  const std::uint64_t bits = bits_of(word);
  if (arriving_.empty() || arriving_.back().bits + bits > line_bits_) arriving_.emplace_back();
  arriving_.back().words.push_back(std::move(word));
  arriving_.back().bits += bits;
}

std::uint64_t L0Slice::drive(const Beat& beat) {
  bus_ = take();
  NIBBLE_CHECK(bus_.beat.row == beat.row && bus_.beat.entry == beat.entry, "{}: the operand of row {} for row {}", name(),
               bus_.beat.row, beat.row);
  bus_.beat = beat;
  return bits_of(bus_);
}

OperandWord L0Slice::take() {
  std::deque<Line>& bank = banks_[read_bank_];
  if (leaving_.words.empty()) {
    if (bank.empty()) return take_arriving();
    leaving_ = std::move(bank.front());
    bank.pop_front();
    read_bank_ = (read_bank_ + 1) % kBanks;
    reading_ = true;
    ++accesses_.line_reads;
  }
  OperandWord word = std::move(leaving_.words.front());
  leaving_.words.pop_front();
  return word;
}

OperandWord L0Slice::take_arriving() {
  NIBBLE_CHECK(!arriving_.empty(), "{}: no operand has arrived", name());
  Line& line = arriving_.front();
  OperandWord word = std::move(line.words.front());
  line.words.pop_front();
  line.bits -= bits_of(word);
  if (line.words.empty()) arriving_.pop_front();
  return word;
}

void L0Slice::end_cycle() {
  const std::size_t read = (read_bank_ + kBanks - 1) % kBanks;
  conflict_ = false;
  for (std::size_t written = 0; written < kBanks && line_full() && !conflict_; ++written) {
    conflict_ = reading_ && write_bank_ == read;
    if (!conflict_) write_line();
  }
  accesses_.conflicts += conflict_ ? 1 : 0;
  reading_ = false;
}

void L0Slice::write_line() {
  banks_[write_bank_].push_back(std::move(arriving_.front()));
  arriving_.pop_front();
  write_bank_ = (write_bank_ + 1) % kBanks;
  ++accesses_.line_writes;
}

void L0Slice::trace(sc_core::sc_trace_file* file) const {
  sc_core::sc_trace(file, conflict_, std::string{name()} + ".bank_conflict");
}

}  // namespace nibble::detailed
