#include "models/gemm/machine.hpp"

#include <fmt/format.h>

#include "models/base/error.hpp"
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
  const bool outputs_stay = mpe.dataflow == Dataflow::output_stationary;
  const std::uint32_t meeting = (outputs_stay ? 1 : mpe.rows) * mode.macs_per_lane;
  const bool chunks = !outputs_stay || held_in_chunks(mode.accumulator);
  arithmetic.tree_width = options.tree_width != 0 ? options.tree_width : meeting;
  arithmetic.chunk_length = options.chunk_length.value_or(chunks ? kChunkProducts : 0);
  arithmetic.accumulator = number_format(mode.accumulator);
  if (arithmetic.accumulator.encoding == Encoding::integer) {
    arithmetic.accumulator.scale_exponent = operand_scale_exponent(a_format) + operand_scale_exponent(b_format);
  }
  arithmetic.chunk_accumulator = arithmetic.accumulator;
  arithmetic.output = number_format(output_format);
  return arithmetic;
}

namespace {

/// The format under which machines list the lanes that multiply `format`.
std::string listed(const std::string& format) {
  if (format.starts_with("fixed16:")) return "fixed16";
  return format == "fp4-luq" ? "fp4-radix4" : format;
}

}  // namespace

GemmArithmetic default_machine_arithmetic(const GemmFormats& formats, const MachineOptions& options) {
  if (find_block_format(formats.a) != nullptr || find_block_format(formats.b) != nullptr) {
    constexpr std::uint32_t kBlockTree = 32;  // products of one MX block
    GemmArithmetic arithmetic;
    arithmetic.tree_width = options.tree_width != 0 ? options.tree_width : kBlockTree;
    arithmetic.chunk_length = 0;
    arithmetic.accumulator = arithmetic.chunk_accumulator = number_format("fp32");
    arithmetic.output = number_format(formats.output);
    return arithmetic;
  }
  for (const char* name : {"rapid-fp4", "rapid-fp32", "rapid-fixed16"}) {
    const Accelerator accelerator = load_accelerator(name);
    if (const MacMode* mode = find_mac_mode(accelerator, listed(formats.a), listed(formats.b))) {
      return machine_arithmetic(accelerator.core.mpe, *mode, formats.a, formats.b, formats.output, options);
    }
  }
  throw InputError{"ACC-FORMAT", fmt::format("no default machine multiplies {} by {}", formats.a, formats.b),
                   "see: nibble list accelerators"};
}

}  // namespace nibble
