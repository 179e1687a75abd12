#include "sim/validation/measured_work.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "models/base/error.hpp"
#include "models/timing/vector_cost.hpp"

namespace nibble {
namespace {

constexpr const char* kFormat = "fp16";
/// On the card the last dimension is padded to whole sticks of 64 values, so a column vector takes a stick a row.
constexpr std::uint64_t kStick = 64;

/// Bytes of one core's scratchpad that the card's compiler may plan whole tensors into (spyre-measured: 1587 of 2048 KB);
/// what is left of it is its kernels' own, see core.l1.allocatable of the machine.
Bytes planned_l1(const Accelerator& accelerator) {
  return Bytes{static_cast<std::uint64_t>(static_cast<double>(accelerator.core.l1.capacity.value()) * 1587 / 2048)};
}

/// What a held tensor takes of the share that kernels have for their tiles: only what the rest of the scratchpad cannot hold.
Bytes taken_from_tiles(Bytes held, const Accelerator& accelerator) {
  const Bytes rest = accelerator.core.l1.capacity - usable_l1(accelerator);
  return held > rest ? held - rest : Bytes{};
}

std::uint64_t up_to(std::uint64_t extent, std::uint64_t multiple) { return ceil_div(extent, multiple) * multiple; }

/// Puts tensors and operations together.
class WorkBuilder {
 public:
  explicit WorkBuilder(const MeasuredKernel& kernel) : kernel_{kernel} {
    work_.step.network = "measured";
    work_.step.recipe = kFormat;
    work_.step.training = false;
    work_.step.batch = 1;
    if (kernel.cores > 0) work_.options.cores = kernel.cores;
  }

  /// A tensor of `rows` x `columns`, as it lies in memory.
  TensorId tensor(std::uint64_t rows, std::uint64_t columns) {
    const std::uint64_t elements = rows * up_to(columns, kStick);
    const auto id = static_cast<TensorId>(work_.step.tensors.size());
    work_.step.tensors.push_back({.name = fmt::format("t{}", id),
                                  .format = kFormat,
                                  .elements = Elements{elements},
                                  .size = packed(Bits{elements * 16})});
    return id;
  }

  Operation& operation() {
    Operation operation;
    operation.layer = fmt::format("{} (line {})", kernel_.op, kernel_.line);
    work_.step.operations.push_back(std::move(operation));
    work_.residency.emplace_back();
    return work_.step.operations.back();
  }

  void vector(VectorKind kind, std::uint64_t elements, const std::vector<TensorId>& reads,
              const std::vector<TensorId>& writes) {
    Operation& op = operation();
    add_work(op, kind, elements);
    for (const TensorId id : reads) op.reads.push_back(use(id));
    for (const TensorId id : writes) op.writes.push_back(use(id));
  }

  /// What the last operation moves lies granule by granule, `pitch` apart.
  void gather(Bytes pitch) {
    for (TensorUse& read : work_.step.operations.back().reads) read.pitch = pitch;
    for (TensorUse& write : work_.step.operations.back().writes) write.pitch = pitch;
  }

  /// All that the last operation moves in matrices of `rows` x `columns`: cores that share the rows have pieces of each column
  /// of sticks, cores that share the sticks have them in one piece.
  void lay_out(std::uint64_t rows, std::uint64_t columns, std::uint64_t cores) {
    if (rows < ceil_div(columns, kStick)) return;
    const auto lay = [&](TensorUse& use) {
      if (use.bytes.value() < rows * columns * 2) return;
      use.pitch = Bytes{rows * kStick * 2};
      use.piece = Bytes{std::max<std::uint64_t>(1, rows / cores) * kStick * 2};
    };
    for (TensorUse& use : work_.step.operations.back().reads) lay(use);
    for (TensorUse& use : work_.step.operations.back().writes) lay(use);
  }

  /// The last operation reads its first matrix by whole rows, a page of each column of sticks at a time.
  void read_whole_rows(std::uint64_t rows) {
    TensorUse& use = work_.step.operations.back().reads.front();
    use.pitch = Bytes{rows * kStick * 2};
    use.piece = Bytes{4096};
  }

  /// How the last operation's reads lie against its writes, as a share of the usual turnarounds.
  void clash(double share) {
    const auto percent = static_cast<std::uint32_t>(std::lround(share * 100));
    for (TensorUse& use : work_.step.operations.back().reads) use.clash = percent;
    for (TensorUse& use : work_.step.operations.back().writes) use.clash = percent;
  }

  /// One number of each of `rows` rows, which leave as a column.
  void sum_rows(std::uint64_t rows, std::uint64_t columns, TensorId matrix, TensorId sums) {
    vector(VectorKind::add, rows * columns, {matrix}, {sums});
    VectorWork& work = work_.step.operations.back().vector.back();
    work.summed = work.elements;
    work.stored_sums = rows;
  }

  static VectorWork& add_work(Operation& op, VectorKind kind, std::uint64_t elements) {
    return op.vector.emplace_back(VectorWork{.what = to_string(kind),
                                             .elements = Elements{elements},
                                             .lane_ops_per_element = lane_ops_per_element(kind)});
  }

  void gemm(std::uint64_t count, std::uint64_t m, std::uint64_t n, std::uint64_t k, bool shared_b) {
    const TensorId a = tensor(count * m, k), b = tensor((shared_b ? 1 : count) * k, n), c = tensor(count * m, n);
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

  /// The last operation's first result stays in L1 for the next one.
  void hold_result(Bytes occupied) {
    OperationResidency& writer = work_.residency.back();
    writer.held = writer.unstored = {true};
    writer.occupied = occupied;
  }
  void read_held(std::size_t read, Bytes occupied) {
    OperationResidency& reader = work_.residency.back();
    reader.reads.assign(work_.step.operations.back().reads.size(), false);
    reader.reads[read] = true;
    reader.occupied = occupied;
  }

  /// The first operation finds its inputs in the scratchpads.
  void start_from_l1() { work_.residency.front().reads.assign(work_.step.operations.front().reads.size(), true); }

  [[nodiscard]] TensorUse use(TensorId id) const { return {id, work_.step.tensors[id].size}; }
  MeasuredWork take() { return std::move(work_); }
  MeasuredWork& work() { return work_; }

 private:
  const MeasuredKernel& kernel_;
  MeasuredWork work_;
};

std::uint64_t cores_of(const MeasuredKernel& kernel, const Accelerator& accelerator) {
  return kernel.cores > 0 ? kernel.cores : accelerator.cores;
}

[[noreturn]] void unknown(const MeasuredKernel& kernel, const std::string& what, const std::string& allowed) {
  throw InputError{Problem{"MEASURED-OP", "", kernel.line, 0, what, allowed}};
}

void require_sizes(const MeasuredKernel& kernel, bool reduction) {
  if (kernel.m > 0 && kernel.n > 0 && (!reduction || kernel.k > 0)) return;
  throw InputError{Problem{"MEASURED-VALUE", "", kernel.line, 0, fmt::format("{} without its sizes", kernel.op),
                           reduction ? "m, n and k" : "m and n"}};
}

/// "3" of "add3": how many inputs or repetitions a benchmark's name ends with; 0 if with none.
std::uint64_t count_in(const std::string& bench, const std::string& stem) {
  if (!bench.starts_with(stem) || bench.size() == stem.size()) return 0;
  const char digit = bench[stem.size()];
  return digit >= '1' && digit <= '9' ? static_cast<std::uint64_t>(digit - '0') : 0;
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
    if (i > 1 && !held) builder.clash(accelerator.memory.chained_clash);
    if (held && i > 1) builder.read_held(0, taken);
    if (held && i + 1 < inputs) builder.hold_result(taken);
    sum = result;
  }
}

void pointwise(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator) {
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
  } else if (bench == "add" || (bench.empty() && kernel.note.find("add") != std::string::npos)) {
    builder.vector(VectorKind::add, elements, {matrix(), matrix()}, {matrix()});
    lay_out();
  } else {
    // On the card a function of one argument takes as long as a negation: it is looked up.
    builder.vector(VectorKind::copy, elements, {matrix()}, {matrix()});
    lay_out();
  }
}

void broadcast(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator) {
  require_sizes(kernel, false);
  const std::string bench = kernel.bench();
  const std::uint64_t elements = kernel.m * kernel.n;
  const auto matrix = [&] { return builder.tensor(kernel.m, kernel.n); };
  const auto row = [&] { return builder.tensor(1, kernel.n); };
  const auto column = [&] { return builder.tensor(kernel.m, 1); };
  if (bench == "copy") {  // x + 1.0, a constant that lies in L1 like a second matrix
    builder.vector(VectorKind::copy, elements, {matrix()}, {matrix()});
    builder.work().step.operations.back().vector.back().constants = Bytes{elements * 2};
  } else if (bench == "bcastcol") {
    builder.vector(VectorKind::add, elements, {matrix(), column()}, {matrix()});
  } else if (bench == "write") {
    builder.vector(VectorKind::add, elements, {row(), column()}, {matrix()});
  } else {
    builder.vector(VectorKind::add, elements, {matrix(), row()}, {matrix()});
  }
  builder.lay_out(kernel.m, kernel.n, cores_of(kernel, accelerator));
  builder.clash(accelerator.memory.displaced_clash);
}

void copy(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator) {
  require_sizes(kernel, false);
  const std::uint64_t elements = kernel.m * kernel.n;
  const auto matrix = [&] { return builder.tensor(kernel.m, kernel.n); };
  const std::string bench = kernel.bench();
  if (!bench.starts_with("cat")) {
    builder.vector(VectorKind::copy, elements, {matrix()}, {matrix()});
    builder.clash(accelerator.memory.displaced_clash);
    return;
  }
  // Concatenation: the byte rates that its authors print (spyre-measured) go with one and a half matrices in and out.
  const std::uint64_t moved = elements + ceil_div(kernel.m, 2) * kernel.n;
  const auto half = [&] { return builder.tensor(ceil_div(kernel.m, 2), kernel.n); };
  builder.vector(VectorKind::copy, moved, {matrix(), half()}, {matrix(), half()});
  // Along the rows it gathers: sticks of one column lie a row apart.
  builder.gather(bench == "cat0" ? Bytes{up_to(kernel.n, kStick) * 2} : Bytes{});
}

/// Sums over the rows of a matrix. Cut into `coarse tiles` of rows, the card's compiler first copies the matrix (it stages what
/// a loop over the reduction reads), and each tile's sums are added to those so far.
void sum_columns(WorkBuilder& builder, const MeasuredKernel& kernel, TensorId input, TensorId output) {
  const std::uint64_t tiles = kernel.noted("coarse tiles").value_or(1), elements = kernel.m * kernel.n;
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

void reduction(WorkBuilder& builder, const MeasuredKernel& kernel) {
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

/// Largest number, difference and exponential, sum, quotient. The rows are worked through in `coarse tiles` parts, one after
/// another. A part that fits the scratchpads passes memory once; of one that does not, every step passes it.
void softmax(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator) {
  require_sizes(kernel, false);
  const std::uint64_t tiles = kernel.noted("coarse tiles").value_or(1);
  const std::uint64_t rows = ceil_div(kernel.m, tiles), elements = rows * kernel.n;
  const auto matrix = [&] { return builder.tensor(rows, kernel.n); };
  const bool fits = packed(Bits{ceil_div(elements * 16, cores_of(kernel, accelerator))}) <= planned_l1(accelerator);
  for (std::uint64_t tile = 0; tile < tiles; ++tile) {
    if (fits) {
      Operation& op = builder.operation();
      op.reads = {builder.use(matrix())};
      op.writes = {builder.use(matrix())};
      // The sums stay where the next step uses them.
      for (int i = 0; i < 2; ++i) WorkBuilder::add_work(op, VectorKind::add, elements).summed = Elements{elements};
      for (int i = 0; i < 3; ++i) WorkBuilder::add_work(op, VectorKind::copy, elements);
      continue;
    }
    const auto column = [&] { return builder.tensor(rows, 1); };
    const TensorId difference = matrix(), power = matrix(), largest = column(), sum = column();
    const TensorId input = matrix();
    builder.sum_rows(rows, kernel.n, input, largest);
    builder.vector(VectorKind::copy, elements, {input, largest}, {difference});
    builder.vector(VectorKind::copy, elements, {difference}, {power});
    builder.sum_rows(rows, kernel.n, power, sum);
    builder.vector(VectorKind::copy, elements, {power, sum}, {matrix()});
  }
}

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

/// The card's default layout of a rank-3 tensor interleaves the rows of its matrices; "[1,0,2]" in a note is the other one.
void interleave(GemmWork& gemm, const MeasuredKernel& kernel) {
  const auto batch = static_cast<std::uint32_t>(kernel.batch);
  gemm.a_interleave = kernel.note.find("A=[1,0,2]") == std::string::npos ? batch : 1;
  gemm.b_interleave = kernel.note.find("B=[1,0,2]") == std::string::npos ? batch : 1;
}

void matmul(WorkBuilder& builder, const MeasuredKernel& kernel, const Accelerator& accelerator) {
  require_sizes(kernel, true);
  // A shared weight matrix is multiplied batch by batch, too, and read each time.
  const bool shared = kernel.op == "matmul" || kernel.batch == 1;
  builder.gemm(kernel.batch, kernel.m, kernel.n, kernel.k, shared);
  if (!shared && kernel.bench() != "bmm_wd_3d2d") interleave(*builder.work().step.operations.back().gemm, kernel);
  CoreSplit split = kernel.split.value_or(planner_split(kernel, cores_of(kernel, accelerator)));
  if (shared) {
    split.m *= split.count;
    split.count = 1;
  }
  builder.work().options.split = granted(split, kernel, accelerator);
}

}  // namespace

CoreSplit planner_split(const MeasuredKernel& kernel, std::uint64_t cores) {
  if (kernel.op == "bmm" && kernel.batch > 1 && kernel.bench() != "bmm_wd_3d2d") {
    const std::uint64_t n = cores >= 4 ? 2 : 1;
    if (cores == 32 && kernel.m == 256) return {.count = 1, .m = 8, .n = 2, .k = 2};
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

MeasuredWork measured_work(const MeasuredKernel& kernel, const Accelerator& accelerator) {
  WorkBuilder builder{kernel};
  if (kernel.cores > accelerator.cores) {
    unknown(kernel, fmt::format("{} cores", kernel.cores), fmt::format("at most the {} of {}", accelerator.cores,
                                                                       accelerator.name));
  }
  if (kernel.op == "matmul" || kernel.op == "bmm") {
    matmul(builder, kernel, accelerator);
  } else if (kernel.op == "pointwise") {
    pointwise(builder, kernel, accelerator);
  } else if (kernel.op == "broadcast") {
    broadcast(builder, kernel, accelerator);
  } else if (kernel.op == "copy") {
    copy(builder, kernel, accelerator);
  } else if (kernel.op == "reduction") {
    reduction(builder, kernel);
  } else if (kernel.op == "softmax") {
    softmax(builder, kernel, accelerator);
  } else {
    unknown(kernel, fmt::format("operation '{}'", kernel.op),
            "matmul, bmm, pointwise, broadcast, copy, reduction or softmax");
  }
  if (kernel.where_inputs == "LX") builder.start_from_l1();
  return builder.take();
}

}  // namespace nibble
