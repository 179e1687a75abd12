#pragma once

#include <cstdint>
#include <systemc>
#include <vector>

#include "sim/detailed/flip_flop.hpp"
#include "sim/detailed/multiplier.hpp"

namespace nibble::detailed {

/// A word of B on its way down a column: of one step, for all lanes.
struct ColumnWord {
  bool valid = false;
  std::uint32_t step = 0;
  LaneWord word;
};

/// Sums of one row of outputs on their way down a column: into the elements before a block, out of them after it.
struct RowSums {
  bool valid = false;
  bool inwards = false;              ///< to `row`'s element; else from it, and out below
  std::uint32_t group = 0, row = 0;  ///< register; array row
  std::vector<std::uint32_t> codes;  ///< of each lane, in the accumulator's format
};

/// What the sequencer tells all elements at once: which register's outputs to put on the way down.
struct DrainCommand {
  bool valid = false;
  std::uint32_t group = 0, first_row = 0;
};

/// OutputElement: one element of an output-stationary array.
///
/// Holds   `entries` outputs a lane, each with its chunk in progress.
/// A cycle takes A's word from the west and B's from the north, where there are such, and hands both on. B's stays for all
///         rows of its step. `latency` - 1 cycles later the lanes' exact sums of products are rounded into the registers
///         that the beat names.
/// Sums    go down the column, a row a cycle: to the row that they are for, or out below.
class OutputElement : public sc_core::sc_module {
 public:
  OutputElement(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
                const sc_core::sc_event& data_phase, const CodeTable& a_table, const CodeTable& b_table, std::uint32_t row);

  /// Wiring: `bus` is the row's own in the first column, where there is no west; `head` and `sums_head` the column's in
  /// the first row, where there is no north.
  void connect(const OperandWord* bus, const OutputElement* west, const ColumnWord* head, const RowSums* sums_head,
               const OutputElement* north, const DrainCommand* drain);

  /// What left downwards in the cycle before.
  [[nodiscard]] const RowSums& sums_below() const { return sums_.read(cycle_); }
  [[nodiscard]] ElementCounts& counts() { return counts_; }
  void trace(sc_core::sc_trace_file* file) const;

 private:
  void step();
  void pass_operands();
  void pass_sums();
  void put_outputs(RowSums& south);
  void take_sums(const RowSums& sums);
  void accumulate(const SumWord& products);
  [[nodiscard]] SumRegister* outputs(std::uint32_t group) { return registers_.data() + std::size_t{group} * shape_.lanes; }

  const ArrayShape& shape_;
  const std::uint64_t& cycle_;
  const CodeTable &a_table_, &b_table_;
  const std::uint32_t row_;
  const OperandWord* bus_ = nullptr;
  const OutputElement *west_ = nullptr, *north_ = nullptr;
  const ColumnWord* head_ = nullptr;
  const RowSums* sums_head_ = nullptr;
  const DrainCommand* drain_ = nullptr;

  FlipFlop<OperandWord> operand_;
  FlipFlop<ColumnWord> column_;
  FlipFlop<RowSums> sums_;
  LaneWord held_;                        ///< B's word of the step in progress
  std::uint32_t held_step_ = 0;
  std::vector<SumWord> pipeline_;        ///< products of the last `latency` cycles
  std::vector<SumRegister> registers_;   ///< entry x lanes of the array + lane
  std::vector<std::uint64_t> written_at_;  ///< cycle of each entry's last sum
  std::vector<bool> joined_;             ///< an entry has its partial sums from L1
  ElementCounts counts_;

  // What a waveform shows: the values of lane 0.
  bool busy_ = false;
  std::uint32_t weight_ = 0, input_ = 0, group_ = 0;
  double output_ = 0;
};

}  // namespace nibble::detailed
