#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "sim/validation/measured_rooms.hpp"

namespace nibble {
namespace {

/// "3" of "add3": how many inputs or repetitions a benchmark's name ends with; 0 if with none.
std::uint64_t count_in(const std::string& bench, const std::string& stem) {
  if (!bench.starts_with(stem) || bench.size() == stem.size()) return 0;
  const char digit = bench[stem.size()];
  return digit >= '1' && digit <= '9' ? static_cast<std::uint64_t>(digit - '0') : 0;
}

bool has_two_operands(const std::string& bench) {
  constexpr std::array<std::string_view, 6> kNames{"add", "sub", "mul", "div", "maximum", "minimum"};
  return std::find(kNames.begin(), kNames.end(), bench) != kNames.end();
}

/// Additions in a row, each of the sum so far and one more input. The sums go through memory unless they are
/// planned into L1 and fit it.
void chain_of_adds(WorkBuilder& builder, const MeasuredKernel& kernel, std::uint64_t inputs, bool planned,
                   const Accelerator& accelerator) {
  const std::uint64_t elements = kernel.m * kernel.n;
  const Bytes share = packed(Bits{ceil_div(elements * 16, cores_of(kernel, accelerator))});
  // What is held lies beside the tiles of the streams.
  const bool held = planned && share * 2 <= planned_l1(accelerator);
  const Bytes taken = taken_from_tiles(share * 2, accelerator);
  TensorId sum = builder.tensor(kernel.m, kernel.n);
  for (std::uint64_t i = 1; i < inputs; ++i) {
    const TensorId next = builder.tensor(kernel.m, kernel.n), result = builder.tensor(kernel.m, kernel.n);
    builder.vector(VectorKind::add, elements, {sum, next}, {result});
    builder.lay_out(kernel.m, kernel.n, cores_of(kernel, accelerator));
    if (i > 1 && !held) builder.chain(kernel.m, kernel.n, accelerator.memory);
    if (held && i > 1) builder.read_held(0, taken);
    if (held && i + 1 < inputs) builder.hold_result(taken);
    sum = result;
  }
}

}  // namespace

void pointwise_row(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator) {
  require_sizes(kernel, false);
  const std::string bench = kernel.bench();
  const std::uint64_t elements = kernel.m * kernel.n;
  const auto matrix = [&] { return builder.tensor(kernel.m, kernel.n); };
  const auto lay_out = [&] { builder.lay_out(kernel.m, kernel.n, cores_of(kernel, accelerator)); };
  if (const std::uint64_t independent = count_in(bench, "add_indep")) {
    for (std::uint64_t i = 0; i < independent; ++i) {
      builder.vector(VectorKind::add, elements, {matrix(), matrix()}, {matrix()});
      lay_out();
    }
  } else if (const std::uint64_t inputs = count_in(bench, "add")) {
    const bool planned = kernel.noted("lx_planning") == 1 && !bench.ends_with("_sep");
    chain_of_adds(builder, kernel, inputs, planned, accelerator);
  } else if (has_two_operands(bench) || (bench.empty() && kernel.note.find("add") != std::string::npos)) {
    builder.vector(VectorKind::add, elements, {matrix(), matrix()}, {matrix()});
    lay_out();
  } else {
    // On the card a function of one argument takes as long as a negation: it is looked up.
    builder.vector(VectorKind::copy, elements, {matrix()}, {matrix()});
    lay_out();
  }
}

void broadcast_row(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator) {
  require_sizes(kernel, false);
  const std::string bench = kernel.bench();
  const std::uint64_t elements = kernel.m * kernel.n;
  const auto matrix = [&] { return builder.tensor(kernel.m, kernel.n); };
  const auto row = [&] { return builder.tensor(1, kernel.n); };
  const auto column = [&] { return builder.tensor(kernel.m, 1); };
  std::uint64_t between = 0;  // bytes of what lies between input and result
  if (bench == "copy") {  // x + 1.0, a constant that lies in L1 like a second matrix
    builder.vector(VectorKind::copy, elements, {matrix()}, {matrix()});
    builder.last().vector.back().constants = Bytes{elements * 2};
  } else if (bench == "bcastcol") {
    builder.vector(VectorKind::add, elements, {matrix(), column()}, {matrix()});
    between = kernel.m * kStick * 2;
  } else if (bench == "write") {
    builder.vector(VectorKind::add, elements, {row(), column()}, {matrix()});
  } else {
    builder.vector(VectorKind::add, elements, {matrix(), row()}, {matrix()});
    builder.last().vector.back().in_arrays = true;
    between = kernel.n * 2;
  }
  builder.lay_out(kernel.m, kernel.n, cores_of(kernel, accelerator));
  builder.displace(kernel.m, kernel.n, between, accelerator.memory);
}

void copy_row(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator) {
  require_sizes(kernel, false);
  const std::uint64_t elements = kernel.m * kernel.n;
  const auto matrix = [&] { return builder.tensor(kernel.m, kernel.n); };
  const std::string bench = kernel.bench();
  if (!bench.starts_with("cat")) {
    builder.vector(VectorKind::copy, elements, {matrix()}, {matrix()});
    builder.cross(accelerator.memory);
    return;
  }
  // Concatenation: the byte rates that its authors print (spyre-measured) go with one and a half matrices in
  // and out.
  const std::uint64_t moved = elements + ceil_div(kernel.m, 2) * kernel.n;
  const auto half = [&] { return builder.tensor(ceil_div(kernel.m, 2), kernel.n); };
  builder.vector(VectorKind::copy, moved, {matrix(), half()}, {matrix(), half()});
  // Along the rows it gathers: sticks of one column lie a row apart, and cores work on rows apart from one another.
  if (bench == "cat0") builder.gather(Bytes{ceil_div(kernel.n, kStick) * kStick * 2}, Bytes{kernel.m * kStick * 2});
}

}  // namespace nibble
