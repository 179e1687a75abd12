#pragma once

#include <cstdint>
#include <deque>
#include <systemc>
#include <vector>

#include "sim/detailed/arithmetic.hpp"
#include "sim/detailed/operand_word.hpp"

namespace nibble::detailed {

struct SumWord;

/// ColumnFoot: the accumulators below one column, and the rounding adder in front of them.
///
/// The adder is the end of the last row's pipeline: it reads an accumulator when the beat enters that row's element and
/// writes it `latency` cycles later, so that an accumulator can be used every `latency` cycles.
class ColumnFoot : public sc_core::sc_module {
 public:
  ColumnFoot(sc_core::sc_module_name name, const ArrayShape& shape, const std::uint64_t& cycle, std::uint32_t column,
             std::deque<FinishedSums>& outputs);

  /// A block with `lanes` lanes in this column begins.
  void begin(std::uint32_t lanes, bool takes_sums);
  /// Partial sums of the next row arrive from L1.
  void take_sums(std::vector<std::uint32_t> codes) { sums_from_l1_.push_back(std::move(codes)); }
  void accumulate(const SumWord& sums);

  void trace(sc_core::sc_trace_file* file) const;

 private:
  void check_timing(const Beat& beat);

  const ArrayShape& shape_;
  const std::uint64_t& cycle_;
  std::uint32_t column_;
  std::deque<FinishedSums>& outputs_;
  std::uint32_t lanes_ = 0;
  bool takes_sums_ = false;
  std::vector<SumRegister> registers_;       ///< accumulator x lanes of the array + lane
  std::vector<std::uint64_t> written_at_;    ///< cycle of each accumulator's last result
  std::deque<std::vector<std::uint32_t>> sums_from_l1_;
  double accumulator_ = 0;                   ///< shown: lane 0
};

}  // namespace nibble::detailed
