#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "models/base/error.hpp"
#include "sim/validation/measured_rooms.hpp"

namespace nibble {
namespace {

/// A split that asks for more cores than there are, or for parts of nothing, gets what there is.
CoreSplit granted(CoreSplit split, const MeasuredKernel& kernel, const Accelerator& accelerator) {
  const std::uint64_t cores = cores_of(kernel, accelerator);
  split.count = std::min(split.count, kernel.batch);
  split.m = std::min(split.m, kernel.m);
  split.n = std::min(split.n, kernel.n);
  split.k = std::min(split.k, kernel.k);
  for (std::uint64_t* part : {&split.n, &split.m, &split.k, &split.count}) {
    while (split.cores() > cores && *part > 1) *part /= 2;
  }
  return split;
}

/// The card's default layout of a rank-3 tensor has the sticks of its matrices in turn; "[1,0,2]" in a note is the other one.
void interleave(Operation& op, const MeasuredKernel& kernel) {
  const auto lies = [&](const char* otherwise) {
    return kernel.note.find(otherwise) == std::string::npos ? static_cast<std::uint32_t>(kernel.batch) : 1U;
  };
  op.reads[0].interleave = lies("A=[1,0,2]");
  op.reads[1].interleave = lies("B=[1,0,2]");
  op.writes[0].interleave = lies("C=[1,0,2]");
}

/// Batches are worked through one after another, or as many at a time as the split has parts for.
void batched(WorkBuilder& builder, const MeasuredKernel& kernel, const CoreSplit& split) {
  builder.gemm(split.count, kernel.m, kernel.n, kernel.k, false);
  interleave(builder.last(), kernel);
  builder.last().gemm->batched = true;
  builder.repeat(ceil_div(kernel.batch, split.count));
}

/// One weight matrix for all batches, which is read for each of them; results leave as they come. The left operand's sticks are
/// picked up one by one, and twice as fast up to four batches (the card's makers draw the line there, too).
void batched_by_one_matrix(WorkBuilder& builder, const MeasuredKernel& kernel) {
  builder.gemm(kernel.batch, kernel.m, kernel.n, kernel.k, false);
  builder.last().gemm->b_is_weights = true;
  builder.last().reads[0].interleave = kernel.batch > 4 ? static_cast<std::uint32_t>(kernel.batch) : 2U;
}

}  // namespace

CoreSplit planner_split(const MeasuredKernel& kernel, std::uint64_t cores) {
  if (kernel.op == "bmm" && kernel.batch > 1 && kernel.bench() != "bmm_wd_3d2d") {
    const std::uint64_t n = cores >= 4 ? 2 : 1;
    if (kernel.n > kernel.m) return {.count = 1, .m = n, .n = cores / n, .k = 1};
    return {.count = 1, .m = cores / n, .n = n, .k = 1};
  }
  std::uint64_t small = 1;
  while (small * 2 * small * 2 <= cores) small *= 2;
  const std::uint64_t large = cores / small;
  if (cores <= 4) return {.count = 1, .m = 1, .n = cores, .k = 1};
  if (kernel.m >= kernel.n) return {.count = 1, .m = large, .n = small, .k = 1};
  return {.count = 1, .m = small, .n = large, .k = 1};
}

void matmul_row(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator) {
  require_sizes(kernel, true);
  const bool one_product = kernel.op == "matmul" || kernel.batch == 1;
  const std::uint64_t tiles = kernel.tiles();
  if (tiles > 1 && !one_product) {
    throw InputError{Problem{"MEASURED-VALUE", "", kernel.line, 0, fmt::format("{} in {} tiles", kernel.op, tiles),
                             "tiles of the rows of one product"}};
  }
  CoreSplit split = kernel.split.value_or(planner_split(kernel, cores_of(kernel, accelerator)));
  if (one_product) {
    split.m *= split.count;
    split.count = 1;
  }
  split = granted(split, kernel, accelerator);
  if (one_product) {
    builder.gemm(1, ceil_div(kernel.batch * kernel.m, tiles), kernel.n, kernel.k, true);
    builder.repeat(tiles);
  } else if (kernel.bench() == "bmm_wd_3d2d") {
    batched_by_one_matrix(builder, kernel);
  } else {
    batched(builder, kernel, split);
  }
  // Results do not follow operands through the banks as those of vector work do.
  builder.cross(accelerator.memory);
  builder.options().split = split;
}

}  // namespace nibble
