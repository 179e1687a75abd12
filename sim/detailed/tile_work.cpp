#include "sim/detailed/tile_work.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/error.hpp"
#include "models/formats/format.hpp"
#include "models/gemm/machine.hpp"

namespace nibble::detailed {
namespace {

/// Whole trees of which a chunk may consist.
std::uint32_t trees_that_fit(std::uint32_t tree) { return std::max(1U, kChunkProducts / tree); }

[[noreturn]] void no_room(const MpeArray& mpe, const MacMode& mode, const std::string& what, std::uint64_t bits) {
  throw InputError{"ACC-REGISTERS", fmt::format("mode {}: {} takes {} bits, {} B of registers in {} buffers hold none",
                                                mode.name, what, bits, mpe.registers.value(), mpe.weight_buffers)};
}

ArrayShape common_shape(const Core& core, const MacMode& mode, const std::string& a_format, const std::string& b_format) {
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
  shape.load_rows = mpe.weight_rows_a_cycle;
  shape.dataflow = mpe.dataflow;
  shape.a_format = a_format;
  shape.b_format = b_format;
  shape.a_bits = format_storage(a_format).bits;
  shape.b_bits = format_storage(b_format).bits;
  shape.sum_bits = format_storage(mode.accumulator).bits;
  shape.slice_bits = static_cast<std::uint64_t>(core.l0.slice_bandwidth.value() * 8);
  shape.port_bits = static_cast<std::uint64_t>(core.l1.corelet_bandwidth.value() * 8);
  return shape;
}

/// Registers hold weights; a chunk is whole trees, and such that a weight buffer ends with a chunk: only totals leave.
void hold_weights(ArrayShape& shape, const Core& core, const MacMode& mode) {
  const MpeArray& mpe = core.mpe;
  const unsigned held_bits = shape.transposed() ? shape.a_bits : shape.b_bits;
  const std::uint64_t word_bits = std::uint64_t{mpe.lanes} * shape.macs * held_bits;
  shape.entries = static_cast<std::uint32_t>(mpe.registers.value() * 8 / mpe.weight_buffers / word_bits);
  if (shape.entries == 0) no_room(mpe, mode, "a register entry", word_bits);
  shape.slice_words = core.l0.slice_capacity.value() * 8 / (shape.macs * shape.streamed_bits());
  const std::uint32_t tree = mpe.rows * mode.macs_per_lane;
  shape.chunk_trees = trees_that_fit(tree);
  while (shape.entries % shape.chunk_trees != 0) --shape.chunk_trees;
  shape.arithmetic = machine_arithmetic(mpe, mode, shape.a_format, shape.b_format, "fp32",
                                        {.chunk_length = shape.chunk_trees * tree, .tree_width = tree});
}

/// Registers hold outputs, narrow ones with their chunk in progress; half of L0 feeds the rows, half the columns.
void hold_outputs(ArrayShape& shape, const Core& core, const MacMode& mode) {
  const MpeArray& mpe = core.mpe;
  const bool chunks = held_in_chunks(mode.accumulator);
  const std::uint64_t output_bits = std::uint64_t{mpe.lanes} * shape.sum_bits * (chunks ? 2 : 1);
  shape.entries = static_cast<std::uint32_t>(mpe.registers.value() * 8 / output_bits);
  if (shape.entries == 0) no_room(mpe, mode, "an output of each lane", output_bits);
  const std::uint64_t slice = core.l0.slice_capacity.value() * 8;
  const std::uint64_t step_bits = std::uint64_t{mpe.columns} * mpe.lanes * shape.macs * shape.b_bits;
  shape.slice_words = std::max<std::uint64_t>(1, slice / 2 / (shape.macs * shape.a_bits));
  shape.head_words = std::max<std::uint64_t>(1, slice * core.l0.slices / 2 / step_bits);
  shape.chunk_trees = chunks ? trees_that_fit(shape.macs) : 0;
  shape.arithmetic = machine_arithmetic(mpe, mode, shape.a_format, shape.b_format, "fp32",
                                        {.chunk_length = shape.chunk_trees * shape.macs, .tree_width = shape.macs});
}

}  // namespace

ArrayShape array_shape(const Core& core, const MacMode& mode, const std::string& a_format,
                       const std::string& b_format, bool depthwise) {
  ArrayShape shape = common_shape(core, mode, a_format, b_format);
  if (shape.dataflow == Dataflow::output_stationary) {
    hold_outputs(shape, core, mode);
    return shape;
  }
  if (depthwise) shape.dataflow = Dataflow::weight_stationary;
  hold_weights(shape, core, mode);
  return shape;
}

}  // namespace nibble::detailed
