#pragma once

#include <cstdint>
#include <systemc>
#include <vector>

#include "sim/detailed/flip_flop.hpp"
#include "sim/detailed/multiplier.hpp"

namespace nibble::detailed {

class ColumnFoot;

/// ProcessingElement: one element of a weight- or input-stationary array.
///
/// Holds   `buffers` x `entries` words of the stationary operand, `lanes` x `macs` codes each.
/// A cycle takes the operand word that its western neighbour took one cycle ago, multiplies it with the entry that the
///         beat names, and hands it on. `latency` - 1 cycles later the products' sum meets the partial sum that the
///         northern neighbour finished one cycle ago, and goes south; in the last row into the column's foot.
/// A lane with a zero operand holds still: a gated MAC.
class ProcessingElement : public sc_core::sc_module {
 public:
  ProcessingElement(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle,
                    const sc_core::sc_event& data_phase, const CodeTable& stationary, const CodeTable& streamed);

  /// Wiring: `bus` is the row's own in the first column, where there is no west.
  void connect(const OperandWord* bus, const ProcessingElement* west, ProcessingElement* north, ColumnFoot* foot);

  /// A word of the stationary operand arrives: codes of `lanes` lanes, `splits` each.
  void load(std::uint32_t buffer, std::uint32_t entry, std::uint32_t lanes, std::uint32_t splits,
            std::vector<std::uint32_t> codes);

  [[nodiscard]] ElementCounts& counts() { return counts_; }
  void trace(sc_core::sc_trace_file* file) const;

 private:
  void step();
  void multiply(const OperandWord& word, SumWord& products);
  void add_north(SumWord& sums);
  void show(const OperandWord& word, const SumWord& sums);

  const ArrayShape& shape_;
  const std::uint64_t& cycle_;
  const CodeTable &stationary_, &streamed_;
  const OperandWord* bus_ = nullptr;
  const ProcessingElement* west_ = nullptr;
  ProcessingElement* north_ = nullptr;
  ColumnFoot* foot_ = nullptr;

  std::vector<LaneWord> registers_;      ///< buffer x entries + entry
  FlipFlop<OperandWord> operand_;
  FlipFlop<SumWord> sum_;
  std::vector<SumWord> pipeline_;        ///< products of the last `latency` cycles
  ElementCounts counts_;

  // What a waveform shows: the values of lane 0.
  bool busy_ = false, adds_ = false;
  std::uint32_t weight_ = 0, input_ = 0, entry_ = 0;
  double partial_sum_ = 0;
};

}  // namespace nibble::detailed
