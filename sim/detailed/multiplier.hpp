#pragma once

#include <cstdint>
#include <vector>

#include "sim/detailed/arithmetic.hpp"
#include "sim/detailed/operand_word.hpp"

namespace nibble::detailed {

/// An operand word that has its own codes for every lane of an element: `lanes` x `splits`.
struct LaneWord {
  std::uint32_t lanes = 0, splits = 0;
  std::vector<std::uint32_t> codes;
};

/// The partial sums of all lanes on their way through or out of an element.
struct SumWord {
  Beat beat;
  std::vector<PartialSum> lanes;
};

/// The multipliers of one element's lanes: each lane's sum of products of one beat, exact.
/// A lane with a zero operand, the other finite, holds still: a gated MAC.
void multiply_lanes(const CodeTable& input_table, const OperandWord& input, const CodeTable& weight_table,
                    const LaneWord& weights, SumWord& products, ElementCounts& counts);

}  // namespace nibble::detailed
