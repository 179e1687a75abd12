#include "models/gemm/machine.hpp"

#include "models/formats/block_format.hpp"

namespace nibble {

int operand_scale_exponent(const std::string& format) {
  if (find_block_format(format) != nullptr) return 0;
  const NumberFormat number = number_format(format);
  return number.encoding == Encoding::integer ? number.scale_exponent : 0;
}

GemmArithmetic machine_arithmetic(const MpeArray& mpe, const MacMode& mode, const std::string& a_format,
                                  const std::string& b_format, const std::string& output_format,
                                  const MachineOptions& options) {
  GemmArithmetic arithmetic;
  arithmetic.tree_width = options.tree_width != 0 ? options.tree_width : mpe.rows * mode.macs_per_lane;
  arithmetic.chunk_length = options.chunk_length;
  arithmetic.accumulator = number_format(mode.accumulator);
  if (arithmetic.accumulator.encoding == Encoding::integer) {
    arithmetic.accumulator.scale_exponent = operand_scale_exponent(a_format) + operand_scale_exponent(b_format);
  }
  arithmetic.chunk_accumulator = arithmetic.accumulator;
  arithmetic.output = number_format(output_format);
  return arithmetic;
}

}  // namespace nibble
