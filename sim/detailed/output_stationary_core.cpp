#include "sim/detailed/output_stationary_core.hpp"

#include "sim/detailed/output_fetch.hpp"

namespace nibble::detailed {

OutputStationaryCore::OutputStationaryCore(sc_core::sc_module_name name, const ArrayShape& shape, TileWork& work,
                                           PortSeat seat, KernelGuard& guard)
    : DetailedCore{name, shape, work, seat, guard},
      a_table_{number_format(shape.a_format)},
      b_table_{number_format(shape.b_format)},
      array_{"array", shape_, cycle_, data_phase_, a_table_, b_table_} {}

BeatOrder OutputStationaryCore::beats() const { return BeatOrder{shape_, view().groups(), view().steps()}; }

std::unique_ptr<OperandFetch> OutputStationaryCore::begin_fetch() {
  groups_drained_ = 0;
  return std::make_unique<OutputFetch>(shape_, work_, block(), array_);
}

void OutputStationaryCore::collect_outputs() {
  array_.next_cycle();
  array_.collect_outputs(view(), outputs_);
}

std::uint64_t OutputStationaryCore::step_array(const Beat& issued) {
  array_.command(drain());
  return array_.advance_beats(issued, view());
}

/// The next register's outputs may leave when those before are out, and while the port keeps up.
DrainCommand OutputStationaryCore::drain() {
  if (rows_leaving_ > 0) --rows_leaving_;
  if (!drained() || groups_drained_ == view().groups() || rows_leaving_ > 0) return {};
  if (outputs_.size() >= std::size_t{shape_.accumulators} * shape_.columns) return {};
  const std::uint64_t group = groups_drained_++;
  rows_leaving_ = view().rows_in(group);
  return {true, static_cast<std::uint32_t>(group), view().first_row(group)};
}

}  // namespace nibble::detailed
