// Proves: block shapes follow from registers and formats; visits cover a tile's MACs exactly; the cycles of a
// plain systolic array are the textbook's; short passes wait for the adder; depthwise uses what the row bus feeds.
#include "models/timing/array_pass.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "models/base/error.hpp"

namespace nibble {
namespace {

MpeArray rapid_array() {
  MpeArray mpe;
  mpe.rows = 8;
  mpe.columns = 8;
  mpe.lanes = 8;
  mpe.registers = Bytes{1024};
  mpe.weight_buffers = 2;
  mpe.accumulators = 8;
  mpe.mac_latency_cycles = 4;
  return mpe;
}

const MacMode kFp16{"fp16", {"fp16", "fp16"}, 1, "fp16"};
const MacMode kInt4{"int4", {"int4", "int4"}, 8, "int32"};
const L0Buffers kL0{8, Bytes{1024}, BytesPerCycle{16}};

std::uint64_t total_macs(const std::vector<Visit>& visits) {
  return std::accumulate(visits.begin(), visits.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Visit& v) { return sum + v.repeat * v.macs.value(); });
}

TEST(BlockShape, OneKibibyteHoldsTwoBuffersOf32Fp16Entries) {
  const BlockShape block = block_shape(rapid_array(), kFp16, "fp16");
  EXPECT_EQ(block.entries, 32U);   // 1024 B / 2 buffers / (8 lanes * 2 B)
  EXPECT_EQ(block.depth, 256U);    // 8 rows * 32
  EXPECT_EQ(block.width, 64U);     // 8 columns * 8 lanes
}

TEST(BlockShape, Int4SplitsLanesAlongTheReduction) {
  const BlockShape block = block_shape(rapid_array(), kInt4, "int4");
  EXPECT_EQ(block.entries, 16U);    // 512 B / (8 lanes * 8 MACs * 0.5 B)
  EXPECT_EQ(block.depth, 1024U);
}

TEST(BlockShape, RegistersTooSmallAreNamed) {
  MpeArray mpe = rapid_array();
  mpe.registers = Bytes{16};
  EXPECT_THROW((void)block_shape(mpe, kFp16, "fp16"), InputError);
}

/// Bit-hops of a tile, word by word: inputs past the columns in use, sums from element to element, weights to their places.
std::uint64_t walked_bits(const MpeArray& mpe, const MacMode& mode, const ArrayTile& tile, std::uint64_t operand_bits,
                          std::uint64_t sum_bits) {
  const BlockShape block = block_shape(mpe, mode, mode.operands[1]);
  std::uint64_t bit_hops = 0;
  for (std::uint64_t column = 0; column < tile.n; column += block.width) {
    const std::uint64_t width = std::min(block.width, tile.n - column), columns = (width + mpe.lanes - 1) / mpe.lanes;
    for (std::uint64_t from = 0; from < tile.k; from += block.depth) {
      const std::uint64_t depth = std::min(block.depth, tile.k - from);
      for (std::uint64_t k = 0; k < depth; ++k) {
        bit_hops += tile.m * operand_bits * columns;                               // m inputs go by
        bit_hops += width * operand_bits * (columns + mpe.rows) / 2;               // a row of weights moves in
        if (k % mode.macs_per_lane == 0) bit_hops += tile.m * width * sum_bits;    // an element of each column hands sums on
      }
    }
  }
  return bit_hops;
}

TEST(ArrayVisits, WiresCarryWhatAWalkWordByWordFinds) {
  for (const MacMode& mode : {kFp16, kInt4}) {
    for (const ArrayTile& tile : {ArrayTile{100, 64, 256}, ArrayTile{33, 20, 37}, ArrayTile{5, 200, 3000}}) {
      std::uint64_t counted = 0, visits = 0;
      for (const Visit& visit : array_visits(rapid_array(), kL0, mode, mode.operands[0], mode.operands[1], tile)) {
        counted += visit.byte_hops * visit.repeat;
        visits += visit.repeat;
      }
      const std::uint64_t walked = walked_bits(rapid_array(), mode, tile, mode.name == "fp16" ? 16 : 4,
                                               mode.name == "fp16" ? 16 : 32);
      EXPECT_GE(counted * 8, walked);
      EXPECT_LT(counted * 8, walked + visits * 16 + tile.k * tile.n) << mode.name << " " << tile.m;  // halves are rounded
    }
  }
}

TEST(ArrayVisits, OneFullBlockCostsItsRowsTimesEntries) {
  const auto visits = array_visits(rapid_array(), kL0, kFp16, "fp16", "fp16", {512, 64, 256});
  ASSERT_EQ(visits.size(), 1U);
  const Visit& v = visits.front();
  EXPECT_EQ(v.compute, Cycles{512 * 32});
  EXPECT_EQ(v.fill_drain, Cycles{7 + 7 + 3});
  EXPECT_EQ(v.stationary, Bytes{256 * 64 * 2});
  EXPECT_EQ(v.streamed, Bytes{512 * 256 * 2});
  EXPECT_EQ(v.psum_written, Bytes{512 * 64 * 2});
  EXPECT_EQ(v.psum_read, Bytes{0});
  EXPECT_EQ(v.macs.value(), v.compute.value() * 8 * 8 * 8);  // full utilisation
}

TEST(ArrayVisits, OnlyTheFirstReductionBlockStartsFromNothing) {
  const auto visits = array_visits(rapid_array(), kL0, kFp16, "fp16", "fp16", {64, 64, 256 * 3 + 10});
  ASSERT_EQ(visits.size(), 3U);
  EXPECT_EQ(visits[0].repeat, 1U);
  EXPECT_EQ(visits[0].psum_read, Bytes{0});
  EXPECT_EQ(visits[1].repeat, 2U);
  EXPECT_EQ(visits[1].psum_read, Bytes{64 * 64 * 2});
  EXPECT_EQ(visits[2].compute, Cycles{64 * 2});  // 10 deep: two entries of 8 rows
  EXPECT_EQ(visits[2].psum_read, Bytes{64 * 64 * 2});
}

// Sizes of a systolic array with one MAC a PE and one weight a register: 2R + C + M - 2 cycles a fold, of which
// R load the weights (the published closed form; peers report the same for every layer of ResNet-50).
TEST(ArrayVisits, PlainSystolicArrayTakesTheTextbookCycles) {
  for (const std::uint64_t rows : {4U, 16U, 128U}) {
    for (const std::uint64_t columns : {4U, 32U}) {
      for (const std::uint64_t m : {1U, 7U, 1000U}) {
        MpeArray mpe;
        mpe.rows = static_cast<std::uint32_t>(rows);
        mpe.columns = static_cast<std::uint32_t>(columns);
        mpe.lanes = 1;
        mpe.registers = Bytes{2};
        mpe.weight_buffers = 1;
        mpe.accumulators = 1;
        const auto visits = array_visits(mpe, kL0, kFp16, "fp16", "fp16", {m, columns, rows});
        ASSERT_EQ(visits.size(), 1U);
        const std::uint64_t load = rows;  // one row of weights a cycle
        EXPECT_EQ(load + visits[0].compute.value() + visits[0].fill_drain.value(), 2 * rows + columns + m - 2);
      }
    }
  }
}

TEST(ArrayVisits, APassShorterThanTheAdderLatencyWaits) {
  const auto visits = array_visits(rapid_array(), kL0, kFp16, "fp16", "fp16", {1, 64, 256});
  EXPECT_EQ(visits[0].compute, Cycles{32});
  EXPECT_EQ(visits[0].fill_drain, Cycles{3 * 31 + 17});  // one row every four cycles; the last entry's is the pipeline's
}

TEST(ArrayVisits, BubblesArePaidBetweenPasses) {
  MpeArray mpe = rapid_array();
  mpe.pass_bubble_cycles = 5;
  const auto visits = array_visits(mpe, kL0, kFp16, "fp16", "fp16", {17, 64, 256});
  EXPECT_EQ(visits[0].fill_drain, Cycles{2 * 5 + 3 * 31 + 17});  // 8 + 8 + 1 rows; the last one waits
}

TEST(ArrayVisits, DepthwiseTakesAsManyChannelsAsTheRowBusFeeds) {
  const auto fp16 = array_visits(rapid_array(), kL0, kFp16, "fp16", "fp16", {100, 1, 9, 32, true});
  ASSERT_EQ(fp16.size(), 1U);
  EXPECT_EQ(fp16[0].repeat, 4U);  // 16 B a beat: 8 channels
  EXPECT_EQ(fp16[0].compute, Cycles{200});
  const auto int4 = array_visits(rapid_array(), kL0, kInt4, "int4", "int4", {100, 1, 9, 32, true});
  EXPECT_EQ(int4[0].repeat, 8U);  // 8 x 4 bit a lane: 4 channels
  EXPECT_EQ(total_macs(int4), 100U * 9 * 32);
}

TEST(ArrayVisits, InputStationaryIsTheTransposedProduct) {
  MpeArray mpe = rapid_array();
  mpe.dataflow = Dataflow::input_stationary;
  const auto visits = array_visits(mpe, kL0, kFp16, "fp16", "fp16", {64, 512, 256});
  ASSERT_EQ(visits.size(), 1U);
  EXPECT_EQ(visits[0].compute, Cycles{512 * 32});
}

TEST(ArrayVisits, OutputStationaryStreamsBothOperands) {
  MpeArray mpe = rapid_array();
  mpe.dataflow = Dataflow::output_stationary;
  const auto visits = array_visits(mpe, kL0, kFp16, "fp16", "fp16", {256, 64, 300});
  ASSERT_EQ(visits.size(), 1U);  // 8 rows x 32 entries: eight lanes' totals and chunks of 2 B each
  EXPECT_EQ(visits[0].compute, Cycles{300 * 32});
  EXPECT_EQ(visits[0].stationary, Bytes{0});
  EXPECT_EQ(visits[0].streamed, Bytes{(256 + 64) * 300 * 2});
  EXPECT_EQ(visits[0].macs.value(), visits[0].compute.value() * 512);
}

TEST(ArrayVisits, WideOutputsStayWithoutAChunkBesideThem) {
  MpeArray mpe = rapid_array();
  mpe.dataflow = Dataflow::output_stationary;
  const auto visits = array_visits(mpe, kL0, kInt4, "int4", "int4", {256, 64, 320});
  ASSERT_EQ(visits.size(), 1U);  // 8 rows x 32 entries of eight 4-byte totals
  EXPECT_EQ(visits[0].compute, Cycles{320 / 8 * 32});
}

TEST(ArrayVisits, EveryMacIsDoneOnceWhateverTheShape) {
  std::mt19937 generator{7};
  const auto draw = [&](std::uint64_t limit) { return 1 + generator() % limit; };
  for (int i = 0; i < 500; ++i) {
    MpeArray mpe = rapid_array();
    mpe.rows = static_cast<std::uint32_t>(draw(16));
    mpe.columns = static_cast<std::uint32_t>(draw(16));
    mpe.dataflow = static_cast<Dataflow>(generator() % 3);
    const ArrayTile tile{draw(700), draw(300), draw(3000), draw(3), false, generator() % 2 == 0};
    const auto visits = array_visits(mpe, kL0, kInt4, "int4", "int4", tile);
    EXPECT_EQ(total_macs(visits), tile.m * tile.n * tile.k * tile.count);
    for (const Visit& v : visits) {  // never faster than the array's peak
      EXPECT_LE(v.macs.value(), v.compute.value() * mpe.rows * mpe.columns * mpe.lanes * 8);
    }
  }
}

}  // namespace
}  // namespace nibble
