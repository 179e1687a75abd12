#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "models/timing/vector_cost.hpp"
#include "sim/validation/measured_work.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// On the card the last dimension is padded to whole sticks of 64 values, so a column vector takes a stick a
/// row.
inline constexpr std::uint64_t kStick = 64;

/// Puts the tensors and operations of a measured row together. Sizes are in elements of 16 bits.
class WorkBuilder {
 public:
  explicit WorkBuilder(const MeasuredKernel& kernel);

  /// A tensor of `rows` x `columns`, as it lies in memory.
  TensorId tensor(std::uint64_t rows, std::uint64_t columns);
  /// A new operation without any work.
  Operation& operation();
  /// A new operation: `elements` pass through the SFUs.
  void vector(VectorKind kind, std::uint64_t elements, const std::vector<TensorId>& reads,
              const std::vector<TensorId>& writes);
  /// A new operation: `count` products of m x k and k x n; of one k x n for all if `shared_b`.
  void gemm(std::uint64_t count, std::uint64_t m, std::uint64_t n, std::uint64_t k, bool shared_b);
  /// A new operation: one number of each of `rows` rows, which leave as a column.
  void sum_rows(std::uint64_t rows, std::uint64_t columns, TensorId matrix, TensorId sums);
  static VectorWork& add_work(Operation& op, VectorKind kind, std::uint64_t elements);

  /// What the last operation moves lies granule by granule, `pitch` apart, and what other cores move in columns `column` long.
  void gather(Bytes pitch, Bytes column);
  /// All that the last operation moves in matrices of `rows` x `columns`: cores that share the rows have
  /// pieces of each column of sticks, cores that share the sticks have them in one piece.
  void lay_out(std::uint64_t rows, std::uint64_t columns, std::uint64_t cores);
  /// The last operation moves `part` of a matrix's `rows`, which `cores` share: pieces of each column of sticks.
  void lay_out_rows(std::uint64_t rows, std::uint64_t part, std::uint64_t cores, const Memory& memory);
  /// The result of the last operation on matrices of `rows` x `columns` lies `displacement` off whole matrices against its input.
  void displace(std::uint64_t rows, std::uint64_t columns, std::uint64_t displacement, const Memory& memory);
  /// What the last operation writes goes across what it reads: they meet in the same banks half of the time.
  void cross(const Memory& memory);
  /// The last operation, on matrices of `rows` x `columns`, reads from memory what the one before it has written.
  void chain(std::uint64_t rows, std::uint64_t columns, const Memory& memory);
  /// The last operation reads its first matrix by whole rows, a page of each column of sticks at a time.
  void read_whole_rows(std::uint64_t rows);
  /// How the last operation's reads lie against its writes, as a share of the usual turnarounds.
  void clash(double share);

  /// The last operation's first result stays in L1 for the next one, which `read_held` makes of its input
  /// number `read`.
  void hold_result(Bytes occupied);
  void read_held(std::size_t read, Bytes occupied);
  /// The first operation finds its inputs in the scratchpads.
  void start_from_l1();

  [[nodiscard]] Operation& last() { return work_.step.operations.back(); }
  [[nodiscard]] TensorUse use(TensorId id) const { return {id, work_.step.tensors[id].size}; }
  [[nodiscard]] MapperOptions& options() { return work_.options; }
  void repeat(std::uint64_t times) { work_.repeats = times; }
  MeasuredWork take() { return std::move(work_); }

 private:
  const MeasuredKernel& kernel_;
  MeasuredWork work_;
};

}  // namespace nibble
