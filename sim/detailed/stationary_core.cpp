#include "sim/detailed/stationary_core.hpp"

#include "sim/detailed/stationary_fetch.hpp"

namespace nibble::detailed {

StationaryCore::StationaryCore(sc_core::sc_module_name name, const ArrayShape& shape, TileWork& work, PortSeat seat,
                               KernelGuard& guard)
    : DetailedCore{name, shape, work, seat, guard},
      stationary_{number_format(shape.transposed() ? shape.a_format : shape.b_format)},
      streamed_{number_format(shape.transposed() ? shape.b_format : shape.a_format)},
      array_{"array", shape_, cycle_, data_phase_, stationary_, streamed_, outputs_},
      loader_{shape_, work_, blocks_, array_} {}

std::unique_ptr<OperandFetch> StationaryCore::begin_fetch() {
  const BlockView view{shape_, block()};
  for (std::uint32_t c = 0; c < shape_.columns; ++c) array_.foot(c).begin(view.lanes(c), block().reads_sums);
  return std::make_unique<StationaryFetch>(shape_, work_, block(), buffer(), array_);
}

std::uint64_t StationaryCore::step_array(const Beat& issued) {
  return array_.advance_beats(issued, BlockView{shape_, block()});
}

}  // namespace nibble::detailed
