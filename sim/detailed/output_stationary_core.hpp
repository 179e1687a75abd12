#pragma once

#include <cstdint>
#include <memory>

#include "sim/detailed/detailed_core.hpp"
#include "sim/detailed/output_array.hpp"

namespace nibble::detailed {

/// OutputStationaryCore: C stays in the elements while A streams along the rows and B down the columns; when a block's
/// reduction is done and the array has drained, its outputs leave down the columns, one row a cycle.
class OutputStationaryCore : public DetailedCore {
 public:
  OutputStationaryCore(sc_core::sc_module_name name, const ArrayShape& shape, TileWork& work, PortSeat seat,
                       KernelGuard& guard);

  [[nodiscard]] L0Accesses l0_accesses() const override { return array_.l0_accesses(); }

 private:
  [[nodiscard]] BeatOrder beats() const override;
  [[nodiscard]] std::unique_ptr<OperandFetch> begin_fetch() override;
  [[nodiscard]] bool sums_can_leave(const Beat& /*beat*/) const override { return true; }  // not before all beats are done
  std::uint64_t step_array(const Beat& issued) override;
  void collect_outputs() override;
  [[nodiscard]] bool emptied() const override { return groups_drained_ == view().groups() && rows_leaving_ <= 1; }
  [[nodiscard]] ElementCounts take_counts() override { return array_.take_counts(); }
  void trace_array(sc_core::sc_trace_file* file) const override { array_.trace(file); }

  [[nodiscard]] OutputView view() const { return OutputView{shape_, block()}; }
  [[nodiscard]] DrainCommand drain();

  CodeTable a_table_, b_table_;
  OutputArray array_;
  std::uint64_t groups_drained_ = 0;   ///< of the block
  std::uint32_t rows_leaving_ = 0;     ///< of the group that was told to leave
};

}  // namespace nibble::detailed
