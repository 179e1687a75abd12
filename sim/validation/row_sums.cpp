#include <cstdint>

#include "sim/validation/measured_rooms.hpp"

namespace nibble {
namespace {

/// Sums over the rows of a matrix. Cut into `coarse tiles` of rows, the card's compiler first copies the
/// matrix (it stages what a loop over the reduction reads), and each tile's sums are added to those so far.
void sum_columns(WorkBuilder& builder, const MeasuredKernel& kernel, TensorId input, TensorId output) {
  const std::uint64_t tiles = kernel.tiles(), elements = kernel.m * kernel.n;
  if (tiles <= 1) {
    builder.vector(VectorKind::add, elements, {input}, {output});
    return;
  }
  builder.vector(VectorKind::copy, elements, {input}, {builder.tensor(kernel.m, kernel.n)});
  const std::uint64_t rows = ceil_div(kernel.m, tiles);
  for (std::uint64_t tile = 0; tile < tiles; ++tile) {
    const TensorId part = builder.tensor(1, kernel.n);
    builder.vector(VectorKind::add, rows * kernel.n, {builder.tensor(rows, kernel.n)}, {part});
    builder.vector(VectorKind::add, kernel.n, {output, part}, {output});
  }
}

/// Rows one part after another, none of which lies in the scratchpads while the one before does: each is loaded, worked
/// through in four passes (largest number; difference and exponential; sum; quotient) and stored.
void softmax_in_tiles(WorkBuilder& builder, std::uint64_t rows, std::uint64_t columns, std::uint64_t tiles, Bytes taken) {
  const auto matrix = [&] { return builder.tensor(rows, columns); };
  for (std::uint64_t tile = 0; tile < tiles; ++tile) {
    const TensorId loaded = matrix(), quotients = matrix();
    builder.vector(VectorKind::copy, rows, {matrix()}, {loaded});
    builder.hold_result(taken);
    builder.vector(VectorKind::add, 4 * rows * columns, {loaded}, {quotients});
    builder.read_held(0, taken);
    builder.hold_result(taken);
    builder.vector(VectorKind::copy, rows, {quotients}, {matrix()});
    builder.read_held(0, taken);
  }
}

/// All rows at once, if they fit: every step of a tile follows the one before while other tiles move.
void softmax_in_one(WorkBuilder& builder, std::uint64_t rows, std::uint64_t columns) {
  const std::uint64_t elements = rows * columns;
  Operation& op = builder.operation();
  op.reads = {builder.use(builder.tensor(rows, columns))};
  op.writes = {builder.use(builder.tensor(rows, columns))};
  // The sums stay where the next step uses them.
  for (int i = 0; i < 2; ++i) WorkBuilder::add_work(op, VectorKind::add, elements).summed = Elements{elements};
  for (int i = 0; i < 3; ++i) WorkBuilder::add_work(op, VectorKind::copy, elements);
}

/// What does not fit: every step passes memory.
void softmax_through_memory(WorkBuilder& builder, std::uint64_t rows, std::uint64_t columns) {
  const std::uint64_t elements = rows * columns;
  const auto matrix = [&] { return builder.tensor(rows, columns); };
  const auto column = [&] { return builder.tensor(rows, 1); };
  const TensorId difference = matrix(), power = matrix(), largest = column(), sum = column();
  const TensorId input = matrix();
  builder.sum_rows(rows, columns, input, largest);
  builder.vector(VectorKind::copy, elements, {input, largest}, {difference});
  builder.vector(VectorKind::copy, elements, {difference}, {power});
  builder.sum_rows(rows, columns, power, sum);
  builder.vector(VectorKind::copy, elements, {power, sum}, {matrix()});
}

}  // namespace

void reduction_row(WorkBuilder& builder, const MeasuredKernel& kernel) {
  require_sizes(kernel, false);
  const TensorId input = builder.tensor(kernel.m, kernel.n);
  const bool over_rows = kernel.bench() == "ctsum";
  const TensorId output = over_rows ? builder.tensor(1, kernel.n) : builder.tensor(kernel.m, 1);
  // Sums over the rows of a matrix go on in all lanes at once; a sum along a row does not.
  if (over_rows) {
    sum_columns(builder, kernel, input, output);
  } else {
    builder.sum_rows(kernel.m, kernel.n, input, output);
    builder.read_whole_rows(kernel.m);
  }
}

void softmax_row(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator) {
  require_sizes(kernel, false);
  const std::uint64_t tiles = kernel.tiles();
  const std::uint64_t rows = ceil_div(kernel.m, tiles);
  const Bytes share = packed(Bits{ceil_div(rows * kernel.n * 16, cores_of(kernel, accelerator))});
  if (share > planned_l1(accelerator)) {
    for (std::uint64_t tile = 0; tile < tiles; ++tile) softmax_through_memory(builder, rows, kernel.n);
  } else if (tiles > 1) {
    softmax_in_tiles(builder, rows, kernel.n, tiles, taken_from_tiles(share, accelerator));
  } else {
    softmax_in_one(builder, rows, kernel.n);
  }
}

}  // namespace nibble
