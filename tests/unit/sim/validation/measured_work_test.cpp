// Proves: a measured row becomes the work that it names: bytes through memory counted by hand, MACs, steps that spill, splits
// that the machine can grant.
#include "sim/validation/measured_work.hpp"

#include <gtest/gtest.h>

#include "models/base/error.hpp"

namespace nibble {
namespace {

MeasuredKernel row(const std::string& op, std::uint64_t m, std::uint64_t n, std::uint64_t k, const std::string& note) {
  MeasuredKernel kernel;
  kernel.op = op;
  kernel.m = m;
  kernel.n = n;
  kernel.k = k;
  kernel.cores = 32;
  kernel.note = note;
  return kernel;
}

/// Bytes that cross the memory interface if nothing but what the plan holds stays on chip.
std::uint64_t traffic(const MeasuredWork& work) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < work.step.operations.size(); ++i) {
    const Operation& op = work.step.operations[i];
    for (std::size_t use = 0; use < op.reads.size(); ++use) {
      bytes += work.residency[i].read_resident(use) ? 0 : op.reads[use].bytes.value();
    }
    for (std::size_t use = 0; use < op.writes.size(); ++use) {
      bytes += work.residency[i].stored(use) ? op.writes[use].bytes.value() : 0;
    }
  }
  return bytes;
}

class MeasuredRow : public ::testing::Test {
 protected:
  std::uint64_t bytes(const MeasuredKernel& kernel) { return traffic(measured_work(kernel, spyre_)); }
  Accelerator spyre_ = load_accelerator("spyre");
};

TEST_F(MeasuredRow, TrafficOfVectorKernels) {
  constexpr std::uint64_t kMatrix = 2048 * 4096 * 2;
  EXPECT_EQ(bytes(row("pointwise", 2048, 4096, 0, "bench_op=neg")), 2 * kMatrix);
  EXPECT_EQ(bytes(row("pointwise", 2048, 4096, 0, "bench_op=add (c=a+b)")), 3 * kMatrix);
  EXPECT_EQ(bytes(row("pointwise", 2048, 4096, 0, "bench_op=add_indep2")), 6 * kMatrix);
  EXPECT_EQ(bytes(row("pointwise", 2048, 4096, 0, "bench_op=add4_sep; lx_planning=1")), 9 * kMatrix);
  // Four inputs in, one result out: the sums in between stay on chip.
  EXPECT_EQ(bytes(row("pointwise", 2048, 4096, 0, "bench_op=add4; lx_planning=1")), 5 * kMatrix);
  // Two thirds of a scratchpad each: they do not.
  EXPECT_EQ(bytes(row("pointwise", 2048, 16384, 0, "bench_op=add4; lx_planning=1")), 4 * 9 * kMatrix);
  EXPECT_EQ(bytes(row("broadcast", 2048, 4096, 0, "bench_op=bcast")), 2 * kMatrix + 4096 * 2);
  EXPECT_EQ(bytes(row("broadcast", 2048, 4096, 0, "bench_op=bcastcol")), 2 * kMatrix + 2048 * 128);
  EXPECT_EQ(bytes(row("copy", 2048, 4096, 0, "bench_op=cat1")), 3 * kMatrix);
  EXPECT_EQ(bytes(row("reduction", 2048, 4096, 0, "bench_op=amax")), kMatrix + 2048 * 128);
}

TEST_F(MeasuredRow, ConcatenationAlongRowsGathersSticksARowApart) {
  const auto pitch = [&](const std::string& note) {
    return measured_work(row("copy", 2048, 1000, 0, note), spyre_).step.operations.front().reads.front().pitch.value();
  };
  const TensorUse stored = measured_work(row("copy", 2048, 1000, 0, "bench_op=cat0"), spyre_).step.operations.front().writes.front();
  EXPECT_EQ(stored.column, Bytes{2048 * 128});
  EXPECT_EQ(pitch("bench_op=cat0"), 1024U * 2);
  EXPECT_EQ(pitch("bench_op=cat1"), 0U);
  EXPECT_EQ(pitch("bench_op=transpose"), 0U);
}

TEST_F(MeasuredRow, RowsSharedByCoresLieInPiecesOfEachColumnOfSticks) {
  const auto reads = [&](std::uint64_t m, std::uint64_t n) {
    return measured_work(row("pointwise", m, n, 0, "bench_op=neg"), spyre_).step.operations.front().reads.front();
  };
  EXPECT_EQ(reads(2048, 4096).pitch, Bytes{2048 * 128});
  EXPECT_EQ(reads(2048, 4096).piece, Bytes{2048 * 128 / 32});
  EXPECT_EQ(reads(64, 16384).pitch, Bytes{0});  // more sticks than rows: cores share those
}

TEST_F(MeasuredRow, AChainThroughMemoryReadsWhatItHasJustWritten) {
  const auto clash = [&](const std::string& note, std::size_t operation) {
    return measured_work(row("pointwise", 2048, 4096, 0, note), spyre_).step.operations[operation].writes.front().clash;
  };
  EXPECT_EQ(clash("bench_op=add3; lx_planning=0", 0), 100U);
  EXPECT_EQ(clash("bench_op=add3; lx_planning=0", 1), 180U);
  EXPECT_EQ(clash("bench_op=add3; lx_planning=1", 1), 100U);
  EXPECT_EQ(clash("bench_op=add_indep2; lx_planning=0", 1), 100U);
}

TEST_F(MeasuredRow, BroadcastsMeetTheirInputByWhatLiesBetween) {
  const auto clash = [&](const std::string& note, std::uint64_t m) {
    return measured_work(row("broadcast", m, 8192, 0, note), spyre_).step.operations.front().writes.front().clash;
  };
  const auto least = static_cast<std::uint32_t>(100 * spyre_.memory.displaced_clash);
  const std::uint32_t by_lag = clash("bench_op=copy (x+1.0)", 2048);
  EXPECT_GT(by_lag, least);
  EXPECT_EQ(clash("bench_op=bcastcol", 2048), by_lag);  // 256 KiB: once through all banks
  EXPECT_GT(by_lag, clash("bench_op=bcast (a)", 2048));  // 16 KiB
  EXPECT_EQ(clash("bench_op=bcastcol", 512), 100U);    // a whole column of 64 KiB
  EXPECT_GT(clash("bench_op=bcast (a)", 512), clash("bench_op=bcast (a)", 2048));
  const Operation row_added = measured_work(row("broadcast", 2048, 8192, 0, "bench_op=bcast (a)"), spyre_).step.operations.front();
  EXPECT_TRUE(row_added.vector.front().in_arrays);
}

TEST_F(MeasuredRow, ATiledColumnSumStagesItsMatrixFirst) {
  constexpr std::uint64_t kMatrix = 2048 * 512 * 2, kRow = 512 * 2;
  EXPECT_EQ(bytes(row("reduction", 2048, 512, 0, "bench_op=ctsum; coarse tiles=1")), kMatrix + kRow);
  // The copy reads and writes the matrix, its tiles are read; each tile's sums leave, come back, and meet the sums so far.
  EXPECT_EQ(bytes(row("reduction", 2048, 512, 0, "bench_op=ctsum; coarse tiles=4")), 3 * kMatrix + 4 * 4 * kRow);
}

TEST_F(MeasuredRow, SoftmaxSpillsWhatDoesNotFit) {
  constexpr std::uint64_t kMatrix = std::uint64_t{16384} * 2048 * 2;
  // 2 MiB a core do not fit: five steps, of which four read the matrix once, one ... and three write it.
  EXPECT_GT(bytes(row("softmax", 16384, 2048, 0, "coarse tiles=1")), 8 * kMatrix);
  EXPECT_EQ(bytes(row("softmax", 16384, 2048, 0, "coarse tiles=2")), 2 * kMatrix);
  // Parts that do not fit either are copied out of the matrix and back besides.
  EXPECT_EQ(bytes(row("softmax", 16384, 4096, 0, "coarse tiles=2")),
            bytes(row("softmax", 16384, 4096, 0, "coarse tiles=1")) + 4 * 2 * kMatrix);
  // A tile is loaded, worked through and stored before the next.
  EXPECT_EQ(measured_work(row("softmax", 16384, 2048, 0, "coarse tiles=16"), spyre_).step.operations.size(), 3 * 16U);
}

TEST_F(MeasuredRow, MatrixProducts) {
  MeasuredKernel kernel = row("bmm", 512, 256, 128, "bench_op=bmm_layout; device tile order A=[0,1,2] B=[1,0,2]");
  kernel.batch = 8;
  const MeasuredWork work = measured_work(kernel, spyre_);
  EXPECT_EQ(work.repeats, 8U);
  EXPECT_EQ(work.step.macs().value(), std::uint64_t{512} * 256 * 128);
  EXPECT_EQ(work.step.operations.front().reads[0].interleave, 8U);
  EXPECT_EQ(work.step.operations.front().reads[1].interleave, 1U);
  EXPECT_EQ(work.step.operations.front().writes[0].interleave, 8U);
  EXPECT_EQ(traffic(work), 2U * (512 * 128 + 128 * 256 + 512 * 256));
}

TEST_F(MeasuredRow, BatchesComeOneAfterAnotherUnlessTheSplitHasPartsForThem) {
  MeasuredKernel kernel = row("bmm", 512, 256, 128, "bench_op=bmm_wd");
  kernel.batch = 6;
  kernel.split = CoreSplit{.count = 4, .m = 4, .n = 2, .k = 1};
  EXPECT_EQ(measured_work(kernel, spyre_).repeats, 2U);
  EXPECT_EQ(measured_work(kernel, spyre_).step.operations.front().gemm->count, 4U);
  kernel.note = "bench_op=bmm_wd_3d2d";
  const MeasuredWork shared = measured_work(kernel, spyre_);
  EXPECT_EQ(shared.repeats, 1U);
  EXPECT_EQ(shared.step.operations.front().reads[0].interleave, 6U);
  EXPECT_EQ(shared.step.operations.front().reads[1].interleave, 1U);
}

TEST_F(MeasuredRow, AMatmulInTilesOfRowsIsSoManyOfThem) {
  const MeasuredWork work = measured_work(row("matmul", 4096, 2048, 512, "bench_op=matmul_row_tiling tiles=8"), spyre_);
  EXPECT_EQ(work.repeats, 8U);
  EXPECT_EQ(work.step.operations.front().gemm->m, 512U);
}

TEST_F(MeasuredRow, NoneAndTooManyTilesAreRefused) {
  for (const char* note : {"tiles=0", "tiles=4097", "coarse tiles=18446744073709551615"}) {
    for (const char* op : {"matmul", "softmax"}) {
      EXPECT_THROW(static_cast<void>(measured_work(row(op, 64, 64, 64, note), spyre_)), InputError) << op << " " << note;
    }
    EXPECT_THROW(static_cast<void>(measured_work(row("reduction", 64, 64, 0, std::string{"bench_op=ctsum; "} + note), spyre_)),
                 InputError);
  }
}

TEST_F(MeasuredRow, FunctionsOfTwoOperandsReadBoth) {
  constexpr std::uint64_t kMatrix = 2048 * 4096 * 2;
  for (const char* name : {"sub", "mul", "div", "maximum"}) {
    EXPECT_EQ(bytes(row("pointwise", 2048, 4096, 0, std::string{"bench_op="} + name)), 3 * kMatrix) << name;
  }
}

TEST_F(MeasuredRow, SplitsAreWhatWasForcedAsFarAsCoresGo) {
  MeasuredKernel kernel = row("matmul", 512, 512, 512, "");
  kernel.split = CoreSplit{.count = 1, .m = 4, .n = 8, .k = 1};
  EXPECT_EQ(measured_work(kernel, spyre_).options.split, kernel.split);
  kernel.cores = 8;
  EXPECT_EQ(measured_work(kernel, spyre_).options.split->cores(), 8U);
  kernel.m = 2;
  EXPECT_LE(measured_work(kernel, spyre_).options.split->m, 2U);
}

TEST_F(MeasuredRow, InputsMayLieInTheScratchpads) {
  MeasuredKernel kernel = row("matmul", 512, 256, 128, "");
  kernel.where_inputs = "LX";
  EXPECT_EQ(bytes(kernel), 2U * 512 * 256);
}

TEST_F(MeasuredRow, TheCompilersOwnSplits) {
  const auto split = [&](const std::string& op, std::uint64_t batch, std::uint64_t m, std::uint64_t n) {
    MeasuredKernel kernel = row(op, m, n, 2048, "");
    kernel.batch = batch;
    return *measured_work(kernel, spyre_).options.split;
  };
  EXPECT_EQ(split("matmul", 1, 4096, 2048), (CoreSplit{.count = 1, .m = 8, .n = 4, .k = 1}));
  EXPECT_EQ(split("matmul", 1, 2048, 4096), (CoreSplit{.count = 1, .m = 4, .n = 8, .k = 1}));
  EXPECT_EQ(split("bmm", 1, 1024, 1024), (CoreSplit{.count = 1, .m = 8, .n = 4, .k = 1}));
  EXPECT_EQ(split("bmm", 4, 1024, 1024), (CoreSplit{.count = 1, .m = 16, .n = 2, .k = 1}));
  EXPECT_EQ(split("bmm", 4, 1024, 2048), (CoreSplit{.count = 1, .m = 2, .n = 16, .k = 1}));
  EXPECT_EQ(split("bmm", 4, 256, 1024), (CoreSplit{.count = 1, .m = 2, .n = 16, .k = 1}));
}

TEST_F(MeasuredRow, WhatIsNotKnownIsAnError) {
  EXPECT_THROW(static_cast<void>(measured_work(row("fft", 1, 1, 1, ""), spyre_)), InputError);
  EXPECT_THROW(static_cast<void>(measured_work(row("matmul", 64, 64, 0, ""), spyre_)), InputError);
  MeasuredKernel bytes = row("copy", 64, 64, 0, "");
  bytes.dtype = "int8";
  EXPECT_THROW(static_cast<void>(measured_work(bytes, spyre_)), InputError);
  MeasuredKernel many = row("copy", 64, 64, 0, "");
  many.cores = 33;
  EXPECT_THROW(static_cast<void>(measured_work(many, spyre_)), InputError);
}

}  // namespace
}  // namespace nibble
