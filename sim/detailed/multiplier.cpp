#include "sim/detailed/multiplier.hpp"

#include <cmath>

namespace nibble::detailed {

void multiply_lanes(const CodeTable& input_table, const OperandWord& input, const CodeTable& weight_table,
                    const LaneWord& weights, SumWord& products, ElementCounts& counts) {
  products.lanes.resize(weights.lanes);
  for (std::uint32_t lane = 0; lane < weights.lanes; ++lane) {
    PartialSum& sum = products.lanes[lane];
    sum.clear();
    const std::uint32_t* a = input.codes.data() + (input.by_lane ? std::size_t{lane} * weights.splits : 0);
    const std::uint32_t* b = weights.codes.data() + std::size_t{lane} * weights.splits;
    for (std::uint32_t split = 0; split < weights.splits; ++split) {
      const float x = input_table.value(a[split]), y = weight_table.value(b[split]);
      if ((x == 0 && std::isfinite(y)) || (y == 0 && std::isfinite(x))) {
        ++counts.gated_macs;
      } else {
        sum.add_product(x, y);
      }
    }
  }
  counts.macs += std::uint64_t{weights.lanes} * weights.splits;
  counts.lane_beats += weights.lanes;
}

}  // namespace nibble::detailed
