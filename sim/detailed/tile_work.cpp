#include "sim/detailed/tile_work.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/error.hpp"
#include "models/formats/format.hpp"
#include "models/gemm/machine.hpp"

namespace nibble::detailed {
namespace {

/// Products of a chunk at most, unless one tree is longer (models/gemm/machine.hpp).
constexpr std::uint32_t kChunkProducts = MachineOptions{}.chunk_length;

/// Trees of a chunk: whole ones, and such that a weight buffer ends with a chunk. Only totals leave the array then.
std::uint32_t trees_a_chunk(std::uint32_t tree, std::uint32_t entries) {
  std::uint32_t trees = std::max(1U, kChunkProducts / tree);
  while (entries % trees != 0) --trees;
  return trees;
}

}  // namespace

ArrayShape array_shape(const Core& core, const MacMode& mode, const std::string& a_format,
                       const std::string& b_format, bool depthwise) {
  const MpeArray& mpe = core.mpe;
  ArrayShape shape;
  shape.rows = mpe.rows;
  shape.columns = mpe.columns;
  shape.lanes = mpe.lanes;
  shape.macs = mode.macs_per_lane;
  shape.buffers = mpe.weight_buffers;
  shape.accumulators = mpe.accumulators;
  shape.latency = mpe.mac_latency_cycles;
  shape.bubble = mpe.pass_bubble_cycles;
  shape.dataflow = mpe.dataflow;
  if (depthwise && shape.dataflow == Dataflow::input_stationary) shape.dataflow = Dataflow::weight_stationary;
  shape.a_format = a_format;
  shape.b_format = b_format;
  shape.a_bits = format_storage(a_format).bits;
  shape.b_bits = format_storage(b_format).bits;
  shape.sum_bits = format_storage(mode.accumulator).bits;
  if (shape.dataflow == Dataflow::output_stationary) {
    throw InputError{"DET-DATAFLOW", "the detailed core has no output-stationary array", "weight_stationary or input_stationary"};
  }
  const unsigned held_bits = shape.transposed() ? shape.a_bits : shape.b_bits;
  const unsigned streamed_bits = shape.transposed() ? shape.b_bits : shape.a_bits;
  const std::uint64_t word_bits = std::uint64_t{mpe.lanes} * shape.macs * held_bits;
  shape.entries = static_cast<std::uint32_t>(mpe.registers.value() * 8 / mpe.weight_buffers / word_bits);
  if (shape.entries == 0) {
    throw InputError{"ACC-REGISTERS",
                     fmt::format("mode {}: a register entry takes {} bits, {} B of registers in {} buffers hold none",
                                 mode.name, word_bits, mpe.registers.value(), mpe.weight_buffers)};
  }
  shape.slice_bits = static_cast<std::uint64_t>(core.l0.slice_bandwidth.value() * 8);
  shape.slice_words = core.l0.slice_capacity.value() * 8 / (shape.macs * streamed_bits);
  shape.port_bits = static_cast<std::uint64_t>(core.l1.corelet_bandwidth.value() * 8);
  const std::uint32_t tree = mpe.rows * mode.macs_per_lane;
  shape.chunk_trees = trees_a_chunk(tree, shape.entries);
  shape.arithmetic = machine_arithmetic(mpe, mode, a_format, b_format, "fp32",
                                        {.chunk_length = shape.chunk_trees * tree, .tree_width = tree});
  return shape;
}

}  // namespace nibble::detailed
