#include "sim/validation/work_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "models/timing/stream_clash.hpp"

namespace nibble {
namespace {

constexpr const char* kFormat = "fp16";

std::uint64_t up_to(std::uint64_t extent, std::uint64_t multiple) {
  return ceil_div(extent, multiple) * multiple;
}

/// Bytes of a column of sticks where cores share the rows. Cores that share the sticks have whole columns: all banks, whatever the
/// number of rows.
Bytes column_pitch(std::uint64_t rows, std::uint64_t columns, const Memory& memory) {
  const Bytes column{rows * kStick * 2};
  return rows >= ceil_div(columns, kStick) ? column : std::max(column, memory.bank_span);
}

}  // namespace

WorkBuilder::WorkBuilder(const MeasuredKernel& kernel) : kernel_{kernel} {
  work_.step.network = "measured";
  work_.step.recipe = kFormat;
  work_.step.training = false;
  work_.step.batch = 1;
  if (kernel.cores > 0) work_.options.cores = kernel.cores;
}

TensorId WorkBuilder::tensor(std::uint64_t rows, std::uint64_t columns) {
  const std::uint64_t elements = rows * up_to(columns, kStick);
  const auto id = static_cast<TensorId>(work_.step.tensors.size());
  work_.step.tensors.push_back({.name = fmt::format("t{}", id),
                                .format = kFormat,
                                .elements = Elements{elements},
                                .size = packed(Bits{elements * 16})});
  return id;
}

Operation& WorkBuilder::operation() {
  Operation operation;
  operation.layer = fmt::format("{} (line {})", kernel_.op, kernel_.line);
  work_.step.operations.push_back(std::move(operation));
  work_.residency.emplace_back();
  return work_.step.operations.back();
}

void WorkBuilder::vector(VectorKind kind, std::uint64_t elements, const std::vector<TensorId>& reads,
                         const std::vector<TensorId>& writes) {
  Operation& op = operation();
  add_work(op, kind, elements);
  for (const TensorId id : reads) op.reads.push_back(use(id));
  for (const TensorId id : writes) op.writes.push_back(use(id));
}

void WorkBuilder::gather(Bytes pitch, Bytes column) {
  const auto lay = [&](TensorUse& use) {
    use.pitch = pitch;
    use.column = column;
  };
  for (TensorUse& use : work_.step.operations.back().reads) lay(use);
  for (TensorUse& use : work_.step.operations.back().writes) lay(use);
}

void WorkBuilder::lay_out(std::uint64_t rows, std::uint64_t columns, std::uint64_t cores) {
  if (rows < ceil_div(columns, kStick)) return;
  const auto lay = [&](TensorUse& use) {
    if (use.bytes.value() < rows * columns * 2) return;
    use.pitch = Bytes{rows * kStick * 2};
    use.piece = Bytes{std::max<std::uint64_t>(1, rows / cores) * kStick * 2};
  };
  for (TensorUse& use : work_.step.operations.back().reads) lay(use);
  for (TensorUse& use : work_.step.operations.back().writes) lay(use);
}

void WorkBuilder::lay_out_rows(std::uint64_t rows, std::uint64_t part, std::uint64_t cores, const Memory& memory) {
  // Each core goes down columns of its own: they do not meet in a bank, however long.
  const Bytes column{rows * kStick * 2}, pitch = memory.bank_span.value() > 0 ? std::min(column, memory.bank_span) : column;
  const auto lay = [&](TensorUse& use) {
    use.pitch = pitch;
    use.piece = Bytes{std::max<std::uint64_t>(1, part / cores) * kStick * 2};
  };
  for (TensorUse& use : work_.step.operations.back().reads) lay(use);
  for (TensorUse& use : work_.step.operations.back().writes) lay(use);
}

void WorkBuilder::displace(std::uint64_t rows, std::uint64_t columns, std::uint64_t displacement, const Memory& memory) {
  clash(displaced_clash(memory, column_pitch(rows, columns, memory), Bytes{displacement}));
}

void WorkBuilder::cross(const Memory& memory) {
  clash((1 + memory.displaced_clash) / 2);
}

void WorkBuilder::chain(std::uint64_t rows, std::uint64_t columns, const Memory& memory) {
  clash(chained_clash(memory, column_pitch(rows, columns, memory)));
}

void WorkBuilder::read_whole_rows(std::uint64_t rows) {
  TensorUse& use = work_.step.operations.back().reads.front();
  use.pitch = Bytes{rows * kStick * 2};
  use.piece = Bytes{4096};
}

void WorkBuilder::clash(double share) {
  const auto percent = static_cast<std::uint32_t>(std::lround(share * 100));
  for (TensorUse& use : work_.step.operations.back().reads) use.clash = percent;
  for (TensorUse& use : work_.step.operations.back().writes) use.clash = percent;
}

void WorkBuilder::sum_rows(std::uint64_t rows, std::uint64_t columns, TensorId matrix, TensorId sums) {
  vector(VectorKind::add, rows * columns, {matrix}, {sums});
  VectorWork& work = work_.step.operations.back().vector.back();
  work.summed = work.elements;
  work.stored_sums = rows;
}

VectorWork& WorkBuilder::add_work(Operation& op, VectorKind kind, std::uint64_t elements) {
  return op.vector.emplace_back(VectorWork{.what = to_string(kind),
                                           .elements = Elements{elements},
                                           .lane_ops_per_element = lane_ops_per_element(kind)});
}

void WorkBuilder::gemm(std::uint64_t count, std::uint64_t m, std::uint64_t n, std::uint64_t k,
                       bool shared_b) {
  const TensorId a = tensor(count * m, k), b = tensor((shared_b ? 1 : count) * k, n),
                 c = tensor(count * m, n);
  Operation& op = operation();
  GemmWork gemm;
  gemm.m = shared_b ? count * m : m;
  gemm.count = shared_b ? 1 : count;
  gemm.n = n;
  gemm.k = k;
  gemm.a_format = gemm.b_format = kFormat;
  gemm.a = a;
  gemm.b = b;
  gemm.c = c;
  gemm.b_is_weights = shared_b;
  op.gemm = gemm;
  op.reads = {use(a), use(b)};
  op.writes = {use(c)};
}

void WorkBuilder::hold_result(Bytes occupied) {
  OperationResidency& writer = work_.residency.back();
  writer.held = writer.unstored = {true};
  writer.occupied = occupied;
}

void WorkBuilder::read_held(std::size_t read, Bytes occupied) {
  OperationResidency& reader = work_.residency.back();
  reader.reads.assign(work_.step.operations.back().reads.size(), false);
  reader.reads[read] = true;
  reader.occupied = occupied;
}

void WorkBuilder::start_from_l1() {
  work_.residency.front().reads.assign(work_.step.operations.front().reads.size(), true);
}

}  // namespace nibble
