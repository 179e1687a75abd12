#pragma once

#include <optional>
#include <string>

#include "models/config/accelerator.hpp"
#include "models/config/accumulation.hpp"
#include "models/config/recipe.hpp"
#include "models/gemm/gemm.hpp"

namespace nibble {

/// What no source settles about a machine's accumulation, with the assumed defaults.
struct MachineOptions {
  /// Products; 0: no chunks. None given: kChunkProducts, but no chunks where outputs stay in wide registers.
  std::optional<std::uint32_t> chunk_length = {};
  /// 0: all products that meet in one sum in one cycle: a column's rows x macs_per_lane, or, where outputs stay in the
  /// elements, a lane's macs_per_lane.
  std::uint32_t tree_width = 0;
};

/// How `mpe` accumulates in `mode` for operands of these formats: README.md, "The machine's order".
///
/// An integer accumulator counts in units of the operands' product: for fixed point <IL, FL> its point is at 2 FL.
[[nodiscard]] GemmArithmetic machine_arithmetic(const MpeArray& mpe, const MacMode& mode, const std::string& a_format,
                                                const std::string& b_format, const std::string& output_format,
                                                const MachineOptions& options = {});

/// The same for the first shipped machine that multiplies these formats (rapid-fp4, rapid-fp32, rapid-fixed16);
/// fixed point of another split is summed as fixed16, LUQ's radix-2 codes as radix-4 ones: exponents alone. Block
/// formats have none: trees of 32 products, FP32 accumulation, no chunks. InputError [ACC-FORMAT].
[[nodiscard]] GemmArithmetic default_machine_arithmetic(const GemmFormats& formats, const MachineOptions& options = {});

/// Scale exponent of an operand format's integers; block and floating formats have none: 0.
[[nodiscard]] int operand_scale_exponent(const std::string& format);

}  // namespace nibble
