#include "models/timing/array_pass.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "models/base/check.hpp"
#include "models/base/error.hpp"
#include "models/config/accumulation.hpp"
#include "models/formats/format.hpp"

namespace nibble {
namespace {

/// Bit widths and shape of one pairing of a mode's operands with the array.
struct Pairing {
  std::uint64_t stationary_bits = 0;
  std::uint64_t streamed_bits = 0;
  std::uint64_t accumulator_bits = 0;
};

Pairing make_pairing(const MacMode& mode, const std::string& stationary, const std::string& streamed) {
  return {format_storage(stationary).bits, format_storage(streamed).bits, format_storage(mode.accumulator).bits};
}

/// The part of a dimension that one visit covers, and how many visits cover that much.
struct Part {
  std::uint64_t size = 0;
  std::uint64_t repeat = 0;
};

/// Full parts first, then the remainder; parts that do not occur are left out.
std::vector<Part> cut(std::uint64_t extent, std::uint64_t block) {
  std::vector<Part> parts;
  if (extent >= block) parts.push_back({block, extent / block});
  if (extent % block != 0) parts.push_back({extent % block, 1});
  return parts;
}

/// As cut(), with the first part on its own: it alone may start from nothing instead of partial sums.
std::vector<Part> cut_reduction(std::uint64_t extent, std::uint64_t block) {
  std::vector<Part> parts = cut(extent, block);
  if (parts.front().repeat > 1) {
    parts.front().repeat -= 1;
    parts.insert(parts.begin(), Part{parts.front().size, 1});
  }
  return parts;
}

/// From the last operand's entry until it has passed the whole array, used columns or not.
std::uint64_t pipeline_cycles(const MpeArray& mpe) {
  return (mpe.rows - 1) + (mpe.columns - 1) + (mpe.mac_latency_cycles - 1);
}

/// Cycles lost when the rows of a pass are too few to cover the latency of an addition, and between passes. A pass's first
/// entry waits for nothing: its sums start anew.
std::uint64_t pass_losses(const MpeArray& mpe, std::uint64_t m, std::uint64_t entries) {
  const std::uint64_t rows_a_pass = mpe.accumulators;
  const std::uint64_t latency = mpe.mac_latency_cycles;
  const auto wait = [&](std::uint64_t rows) { return rows < latency ? (latency - rows) * (entries - 1) : 0; };
  std::uint64_t lost = (m / rows_a_pass) * wait(rows_a_pass);
  if (m % rows_a_pass != 0) lost += wait(m % rows_a_pass);
  return lost + (ceil_div(m, rows_a_pass) - 1) * mpe.pass_bubble_cycles;
}

/// Trees until a chunk's sum is first added to a row's total: whole trees, and such that a weight buffer ends with a chunk.
std::uint64_t first_chunk_trees(std::uint64_t tree, std::uint64_t buffer_entries) {
  std::uint64_t trees = std::max<std::uint64_t>(1, std::uint64_t{kChunkProducts} / tree);
  while (buffer_entries % trees != 0) --trees;
  return trees;
}

/// The bits of stationary_visit(), in the order in which they move.
PortTraffic stationary_traffic(const MpeArray& mpe, const L0Buffers& l0, const MacMode& mode, const Pairing& bits, std::uint64_t m,
                               std::uint64_t width, std::uint64_t depth, std::uint64_t lane_groups, bool reads_psums) {
  const std::uint64_t tree = std::uint64_t{mpe.rows} * mode.macs_per_lane;
  const std::uint64_t held = width * lane_groups;
  const std::uint64_t buffer_entries = mpe.registers.value() * 8 / mpe.weight_buffers /
                                       (std::uint64_t{mpe.lanes} * mode.macs_per_lane * bits.stationary_bits);
  PortTraffic traffic;
  traffic.rows = traffic.sum_rows = m;
  traffic.pass_rows = mpe.accumulators;
  traffic.entries = ceil_div(depth, tree);
  traffic.depth = tree;
  traffic.last_depth = depth - (traffic.entries - 1) * tree;
  traffic.row_bits = traffic.last_row_bits = lane_groups * bits.streamed_bits;
  if (reads_psums) traffic.sums_in_bits = traffic.last_sums_in_bits = held * bits.accumulator_bits;
  traffic.sums_in_entry = std::min(first_chunk_trees(tree, buffer_entries), traffic.entries) - 1;
  traffic.columns = lane_groups > 1 ? 1 : ceil_div(width, mpe.lanes);
  const std::uint64_t full = lane_groups > 1 ? held : mpe.lanes;
  traffic.column_sum_bits = full * bits.accumulator_bits;
  traffic.last_column_sum_bits = (held - (traffic.columns - 1) * full) * bits.accumulator_bits;
  traffic.l0_words = l0.slice_capacity.value() * 8 / (mode.macs_per_lane * bits.streamed_bits);
  return traffic;
}

/// Byte-hops inside the array; the stationary words' half ways are rounded up together.
std::uint64_t byte_hops(std::uint64_t streamed_bit_hops, std::uint64_t sum_bit_hops, std::uint64_t stationary_bits,
                        std::uint64_t way_there_and_back) {
  return ceil_div(2 * (streamed_bit_hops + sum_bit_hops) + stationary_bits * way_there_and_back, 16);
}

/// Streams m rows past a block of `depth` x `width` stationary elements, for `lane_groups` groups at once.
Visit stationary_visit(const MpeArray& mpe, const L0Buffers& l0, const MacMode& mode, const Pairing& bits,
                       std::uint64_t m, std::uint64_t width, std::uint64_t depth, std::uint64_t lane_groups, bool reads_psums) {
  const std::uint64_t entries = ceil_div(depth, std::uint64_t{mpe.rows} * mode.macs_per_lane);
  const std::uint64_t outputs = m * width * lane_groups;
  Visit visit;
  visit.compute = Cycles{m * entries};
  visit.fill_drain = Cycles{pass_losses(mpe, m, entries) + pipeline_cycles(mpe)};
  visit.stationary_bits = Bits{depth * width * lane_groups * bits.stationary_bits};
  visit.stationary = packed(visit.stationary_bits);
  visit.load_bits_a_cycle =
      std::uint64_t{mpe.weight_rows_a_cycle} * mode.macs_per_lane * width * lane_groups * bits.stationary_bits;
  visit.streamed = packed(Bits{m * depth * lane_groups * bits.streamed_bits});
  visit.psum_written = packed(Bits{outputs * bits.accumulator_bits});
  if (reads_psums) visit.psum_read = visit.psum_written;
  visit.traffic = stationary_traffic(mpe, l0, mode, bits, m, width, depth, lane_groups, reads_psums);
  visit.macs = Macs{outputs * depth};
  // Each MAC reads its stationary element; each lane updates its accumulator once for macs_per_lane products.
  const std::uint64_t updates = outputs * ceil_div(depth, mode.macs_per_lane);
  const Bytes accumulators = packed(Bits{updates * bits.accumulator_bits});
  visit.register_read = packed(Bits{visit.macs.value() * bits.stationary_bits}) + accumulators;
  visit.register_written = visit.stationary + accumulators;
  const std::uint64_t columns = lane_groups > 1 ? 1 : ceil_div(width, mpe.lanes);
  visit.byte_hops = byte_hops(m * depth * lane_groups * bits.streamed_bits * columns, updates * bits.accumulator_bits,
                              visit.stationary_bits.value(), columns + mpe.rows);
  return visit;
}

std::vector<Visit> weight_stationary(const MpeArray& mpe, const L0Buffers& l0, const MacMode& mode, const std::string& stationary,
                                     const std::string& streamed, const ArrayTile& tile) {
  const Pairing bits = make_pairing(mode, stationary, streamed);
  const BlockShape block = block_shape(mpe, mode, stationary);
  std::vector<Visit> visits;
  for (const Part& columns : cut(tile.n, block.width)) {
    bool first = true;
    for (const Part& reduction : cut_reduction(tile.k, block.depth)) {
      Visit visit = stationary_visit(mpe, l0, mode, bits, tile.m, columns.size, reduction.size, 1,
                                     !first || tile.accumulate);
      visit.repeat = columns.repeat * reduction.repeat * tile.count;
      visits.push_back(visit);
      first = false;
    }
  }
  return visits;
}

/// One output channel a group: a column's lanes take different groups, as many as a row's slice can feed in
/// one beat. The other columns have nothing to do.
std::vector<Visit> depthwise(const MpeArray& mpe, const L0Buffers& l0, const MacMode& mode, const std::string& weights,
                             const std::string& inputs, const ArrayTile& tile) {
  NIBBLE_CHECK(tile.n == 1, "a depthwise tile has one output channel a group, not {}", tile.n);
  const Pairing bits = make_pairing(mode, weights, inputs);
  const BlockShape block = block_shape(mpe, mode, weights);
  const auto beat_bits = static_cast<std::uint64_t>(l0.slice_bandwidth.value() * 8.0);
  const std::uint64_t fed = std::max<std::uint64_t>(1, beat_bits / (mode.macs_per_lane * bits.streamed_bits));
  const std::uint64_t lane_groups = std::min<std::uint64_t>({mpe.lanes, fed, tile.count});
  std::vector<Visit> visits;
  for (const Part& groups : cut(tile.count, lane_groups)) {
    bool first = true;
    for (const Part& reduction : cut_reduction(tile.k, block.depth)) {
      Visit visit = stationary_visit(mpe, l0, mode, bits, tile.m, 1, reduction.size, groups.size,
                                     !first || tile.accumulate);
      visit.repeat = groups.repeat * reduction.repeat;
      visits.push_back(visit);
      first = false;
    }
  }
  return visits;
}

/// The bits of an output-stationary visit, in the order in which they move.
PortTraffic held_traffic(const MpeArray& mpe, const L0Buffers& l0, const MacMode& mode, const Pairing& bits,
                         std::uint64_t rows, std::uint64_t columns, std::uint64_t k, bool reads_psums) {
  PortTraffic traffic;
  traffic.rows = traffic.pass_rows = ceil_div(rows, mpe.rows);
  traffic.entries = ceil_div(k, mode.macs_per_lane);
  traffic.depth = mode.macs_per_lane;
  traffic.last_depth = k - (traffic.entries - 1) * mode.macs_per_lane;
  const std::uint64_t last_rows = rows - (traffic.rows - 1) * mpe.rows;
  traffic.row_bits = mpe.rows * bits.streamed_bits;
  traffic.last_row_bits = last_rows * bits.streamed_bits;
  traffic.shared_bits = columns * bits.stationary_bits;
  if (reads_psums) {
    traffic.sums_in_bits = mpe.rows * columns * bits.accumulator_bits;
    traffic.last_sums_in_bits = last_rows * columns * bits.accumulator_bits;
    traffic.sums_in_cycle_bits = columns * bits.accumulator_bits;  // a row a cycle, down the columns
  }
  traffic.columns = ceil_div(columns, mpe.lanes);
  traffic.column_sum_bits = mpe.lanes * bits.accumulator_bits;
  traffic.last_column_sum_bits = (columns - (traffic.columns - 1) * mpe.lanes) * bits.accumulator_bits;
  traffic.sum_rows = rows;
  traffic.sums_at_end = true;
  // Half of L0 feeds the rows, half the columns.
  const std::uint64_t half_bits = l0.slice_capacity.value() * 8 / 2;
  traffic.l0_words = std::max<std::uint64_t>(1, half_bits / (mode.macs_per_lane * bits.streamed_bits));
  const std::uint64_t step_bits = std::uint64_t{mpe.columns} * mpe.lanes * mode.macs_per_lane * bits.stationary_bits;
  traffic.l0_steps = std::max<std::uint64_t>(1, half_bits * l0.slices / step_bits);
  return traffic;
}

/// C stays in the registers: rows x entries output rows by columns x lanes channels; k streams from both sides.
std::vector<Visit> output_stationary(const MpeArray& mpe, const L0Buffers& l0, const MacMode& mode, const std::string& a_format,
                                     const std::string& b_format, const ArrayTile& tile) {
  const Pairing bits = make_pairing(mode, b_format, a_format);
  const std::uint64_t words = held_in_chunks(mode.accumulator) ? 2 : 1;
  const std::uint64_t entries = mpe.registers.value() * 8 / (words * mpe.lanes * bits.accumulator_bits);
  NIBBLE_CHECK(entries > 0, "registers of {} B hold no output", mpe.registers.value());
  std::vector<Visit> visits;
  for (const Part& rows : cut(tile.m, mpe.rows * entries)) {
    for (const Part& columns : cut(tile.n, std::uint64_t{mpe.columns} * mpe.lanes)) {
      const std::uint64_t held = ceil_div(rows.size, mpe.rows);  // register entries in use
      const std::uint64_t steps = ceil_div(tile.k, mode.macs_per_lane);
      const std::uint64_t wait = held < mpe.mac_latency_cycles ? (mpe.mac_latency_cycles - held) * (steps - 1) : 0;
      const std::uint64_t outputs = rows.size * columns.size;
      Visit visit;
      visit.repeat = rows.repeat * columns.repeat * tile.count;
      visit.compute = Cycles{steps * held};
      // Finished outputs leave down the columns, one row a cycle, before the next block can start.
      visit.fill_drain = Cycles{wait + pipeline_cycles(mpe) + rows.size};
      visit.streamed = packed(Bits{tile.k * (rows.size * bits.streamed_bits + columns.size * bits.stationary_bits)});
      visit.psum_written = packed(Bits{outputs * bits.accumulator_bits});
      if (tile.accumulate) visit.psum_read = visit.psum_written;
      visit.traffic = held_traffic(mpe, l0, mode, bits, rows.size, columns.size, tile.k, tile.accumulate);
      visit.macs = Macs{outputs * tile.k};
      visit.register_read = packed(Bits{outputs * steps * bits.accumulator_bits});
      visit.register_written = visit.register_read;
      // Finished sums leave down half of the rows on average; both operands pass the elements that use them.
      visit.byte_hops = byte_hops(rows.size * tile.k * bits.streamed_bits * ceil_div(columns.size, mpe.lanes) +
                                      columns.size * tile.k * bits.stationary_bits * std::min<std::uint64_t>(rows.size, mpe.rows),
                                  0, outputs * bits.accumulator_bits, mpe.rows);
      visits.push_back(visit);
    }
  }
  return visits;
}

}  // namespace

BlockShape block_shape(const MpeArray& mpe, const MacMode& mode, const std::string& stationary_format) {
  const std::uint64_t word_bits =
      std::uint64_t{mpe.lanes} * mode.macs_per_lane * format_storage(stationary_format).bits;
  const std::uint64_t buffer_bits = mpe.registers.value() * 8 / mpe.weight_buffers;
  BlockShape block;
  block.entries = buffer_bits / word_bits;
  if (block.entries == 0) {
    throw InputError{"ACC-REGISTERS",
                     fmt::format("mode {}: a register entry takes {} bits, one of the {} weight buffers has {}", mode.name,
                                 word_bits, mpe.weight_buffers, buffer_bits),
                     "enlarge core.mpe.registers or reduce core.mpe.weight_buffers"};
  }
  block.depth = std::uint64_t{mpe.rows} * mode.macs_per_lane * block.entries;
  block.width = std::uint64_t{mpe.columns} * mpe.lanes;
  return block;
}

std::vector<Visit> array_visits(const MpeArray& mpe, const L0Buffers& l0, const MacMode& mode,
                                const std::string& a_format, const std::string& b_format,
                                const ArrayTile& tile) {
  if (tile.m == 0 || tile.n == 0 || tile.k == 0 || tile.count == 0) return {};
  if (mpe.dataflow == Dataflow::output_stationary) {
    return output_stationary(mpe, l0, mode, a_format, b_format, tile);
  }
  if (tile.depthwise) return depthwise(mpe, l0, mode, b_format, a_format, tile);
  if (mpe.dataflow == Dataflow::input_stationary) {
    const ArrayTile transposed{tile.n, tile.m, tile.k, tile.count, false, tile.accumulate};
    return weight_stationary(mpe, l0, mode, a_format, b_format, transposed);
  }
  return weight_stationary(mpe, l0, mode, b_format, a_format, tile);
}

}  // namespace nibble
