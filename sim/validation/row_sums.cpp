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
void softmax_in_tiles(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator, Bytes taken) {
  const std::uint64_t rows = ceil_div(kernel.m, kernel.tiles()), elements = rows * kernel.n;
  constexpr std::uint64_t kPasses = 4;
  const auto matrix = [&] { return builder.tensor(rows, kernel.n); };
  const auto move = [&](TensorId from, TensorId to) {
    builder.vector(VectorKind::copy, rows, {from}, {to});
    builder.lay_out_rows(kernel.m, rows, cores_of(kernel, accelerator), accelerator.memory);
  };
  for (std::uint64_t tile = 0; tile < kernel.tiles(); ++tile) {
    const TensorId loaded = matrix(), quotients = matrix();
    move(matrix(), loaded);
    builder.hold_result(taken);
    builder.vector(VectorKind::add, kPasses * elements, {loaded}, {quotients});
    // Each pass but the last leaves its values for the next one.
    builder.last().vector.back().constants = Bytes{(kPasses - 1) * elements * 4};
    builder.read_held(0, taken);
    builder.hold_result(taken);
    move(quotients, matrix());
    builder.read_held(0, taken);
  }
}

/// What does not fit: every step passes memory. Parts of the rows are copied out of the whole, and back, besides.
void softmax_through_memory(WorkBuilder& builder, std::uint64_t rows, std::uint64_t columns, bool part) {
  const std::uint64_t elements = rows * columns;
  const auto matrix = [&] { return builder.tensor(rows, columns); };
  const auto column = [&] { return builder.tensor(rows, 1); };
  const TensorId difference = matrix(), power = matrix(), largest = column(), sum = column();
  const TensorId input = matrix();
  if (part) builder.vector(VectorKind::copy, elements, {matrix()}, {input});
  builder.sum_rows(rows, columns, input, largest);
  builder.vector(VectorKind::copy, elements, {input, largest}, {difference});
  builder.vector(VectorKind::copy, elements, {difference}, {power});
  builder.sum_rows(rows, columns, power, sum);
  const TensorId quotients = matrix();
  builder.vector(VectorKind::copy, elements, {power, sum}, {quotients});
  if (part) builder.vector(VectorKind::copy, elements, {quotients}, {matrix()});
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
    for (std::uint64_t tile = 0; tile < tiles; ++tile) softmax_through_memory(builder, rows, kernel.n, tiles > 1);
  } else {
    softmax_in_tiles(builder, kernel, accelerator, taken_from_tiles(share, accelerator));
  }
}

}  // namespace nibble
