#include "sim/detailed/verify_case.hpp"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <random>

#include "models/base/check.hpp"
#include "models/formats/codec.hpp"
#include "models/gemm/accumulate.hpp"
#include "sim/core/compute_core.hpp"
#include "sim/core/kernel_time.hpp"
#include "sim/core/sanitizer_stack.hpp"
#include "sim/detailed/detailed_core.hpp"
#include "sim/detailed/waveform.hpp"

namespace nibble::detailed {
namespace {

/// Operands lie in L1 already: nothing is to be moved.
class NoMover : public DataMover {
 public:
  void load(const Instruction&, TransferClient&) override { throw InternalError{"a tile in L1 needs no load"}; }
  void store(const Instruction&, TransferClient&) override { throw InternalError{"a tile in L1 needs no store"}; }
  const Bytes& exchange(const Instruction&, sc_core::sc_event&) override {
    throw InternalError{"one core has no partner"};
  }
  void await_sums(std::uint32_t) override { throw InternalError{"one core has no partner"}; }
};

/// Operands with the rest of the reduction that came before, as codes and as values.
struct Operands {
  std::vector<std::uint32_t> codes;
  std::vector<float> values;

  Operands(const std::string& name, std::size_t size, double zeros, std::mt19937_64& generator) {
    const NumberFormat format = number_format(name);
    for (std::size_t i = 0; i < size; ++i) {
      const double uniform = static_cast<double>(generator() >> 11) * 0x1p-53;
      codes.push_back(uniform < zeros ? 0 : finite_code(format, generator));
      values.push_back(static_cast<float>(decode(format, codes.back())));
    }
  }

 private:
  /// Any finite code; of wide formats those of moderate size more often, so that sums do not just saturate.
  static std::uint32_t finite_code(const NumberFormat& format, std::mt19937_64& generator) {
    const std::uint64_t bits = generator();
    if (format.bits >= 16 && (bits >> 61) != 0) {
      const double value = (static_cast<double>(static_cast<std::uint32_t>(bits)) * 0x1p-31 - 1.0) * 4;
      return encode(format, format.conversion, value).code;
    }
    std::uint32_t code = static_cast<std::uint32_t>(bits) & format.code_mask();
    if (std::isfinite(decode(format, code))) return code;
    return 1;
  }
};

/// The tile cut out of a whole product whose reduction began `k_before` earlier.
class TileProblem {
 public:
  TileProblem(const VerifyCase& drawn, const ArrayShape& shape)
      : drawn_{drawn}, shape_{shape}, whole_k_{drawn.k_before + drawn.k}, generator_{drawn.seed * 0x9e3779b97f4a7c15U + drawn.index},
        a_{drawn.a_format, drawn.count * drawn.m * whole_k_, drawn.zeros, generator_},
        b_{drawn.b_format, drawn.count * whole_k_ * drawn.n, drawn.zeros, generator_} {}

  [[nodiscard]] TileWork tile() const {
    TileWork work;
    work.m = drawn_.m, work.n = drawn_.n, work.k = drawn_.k, work.count = drawn_.count;
    work.depthwise = drawn_.depthwise;
    work.accumulate = drawn_.k_before > 0;
    for (std::uint64_t g = 0; g < drawn_.count; ++g) {
      for (std::uint64_t i = 0; i < drawn_.m; ++i) {
        for (std::uint64_t q = drawn_.k_before; q < whole_k_; ++q) work.a.push_back(a_.codes[a_index(g, i, q)]);
      }
      for (std::uint64_t q = drawn_.k_before; q < whole_k_; ++q) {
        for (std::uint64_t j = 0; j < drawn_.n; ++j) work.b.push_back(b_.codes[b_index(g, q, j)]);
      }
    }
    work.c = sums(drawn_.k_before);
    return work;
  }
  [[nodiscard]] std::vector<std::uint32_t> expected() const { return sums(whole_k_); }

  /// MACs of the tile with a zero operand.
  [[nodiscard]] std::uint64_t gated() const {
    std::uint64_t live = 0;
    for (std::uint64_t g = 0; g < drawn_.count; ++g) {
      for (std::uint64_t q = drawn_.k_before; q < whole_k_; ++q) {
        std::uint64_t rows = 0, columns = 0;
        for (std::uint64_t i = 0; i < drawn_.m; ++i) rows += a_.values[a_index(g, i, q)] != 0 ? 1 : 0;
        for (std::uint64_t j = 0; j < drawn_.n; ++j) columns += b_.values[b_index(g, q, j)] != 0 ? 1 : 0;
        live += rows * columns;
      }
    }
    return drawn_.m * drawn_.n * drawn_.k * drawn_.count - live;
  }

 private:
  [[nodiscard]] std::size_t a_index(std::uint64_t g, std::uint64_t i, std::uint64_t q) const {
    return (g * drawn_.m + i) * whole_k_ + q;
  }
  [[nodiscard]] std::size_t b_index(std::uint64_t g, std::uint64_t q, std::uint64_t j) const {
    return (g * whole_k_ + q) * drawn_.n + j;
  }
  /// C over the first k of the reduction, by the definition in models/gemm.
  [[nodiscard]] std::vector<std::uint32_t> sums(std::uint64_t k) const {
    const NumberFormat& format = shape_.arithmetic.chunk_accumulator;
    std::vector<std::uint32_t> codes;
    for (std::uint64_t g = 0; g < drawn_.count; ++g) {
      for (std::uint64_t i = 0; i < drawn_.m; ++i) {
        for (std::uint64_t j = 0; j < drawn_.n; ++j) {
          const double total = accumulate_element(shape_.arithmetic, a_.values.data() + a_index(g, i, 0), 1,
                                                  b_.values.data() + b_index(g, 0, j), drawn_.n, k, i * drawn_.n + j);
          codes.push_back(encode(format, format.conversion, total).code);
        }
      }
    }
    return codes;
  }

  const VerifyCase& drawn_;
  const ArrayShape& shape_;
  std::uint64_t whole_k_;
  std::mt19937_64 generator_;
  Operands a_, b_;
};

KernelProgram fast_program(const VerifyCase& drawn) {
  KernelProgram program;
  program.layer = "verify";
  program.mac_mode = drawn.mode.name;
  program.a_format = drawn.a_format;
  program.b_format = drawn.b_format;
  program.depthwise = drawn.depthwise;
  Instruction tile;
  tile.m = drawn.m, tile.n = drawn.n, tile.k = drawn.k, tile.count = drawn.count;
  tile.accumulate = drawn.k_before > 0;
  program.cores.resize(1);
  program.cores[0].units[static_cast<std::size_t>(Unit::mpe)].push_back(tile);
  return program;
}

void collect_fast(ComputeCore& core, VerifyResult& result) {
  core.close(core.finished_at());
  const Activity& activity = core.activity();
  result.fast_cycles = core.finished_at();
  result.fast = {core.macs().value(), 0, activity.register_read, activity.register_written, activity.l0_read,
                 activity.l0_written, activity.l1_read, activity.l1_written};
  result.fast_book = {core.array_cycles(ArrayState::compute), core.array_cycles(ArrayState::fill_drain),
                      core.array_cycles(ArrayState::l1)};
}

}  // namespace

double VerifyResult::cycle_error() const {
  const auto reference = static_cast<double>(detailed_book.total());
  return (static_cast<double>(fast_cycles) - reference) / reference;
}

std::string VerifyResult::difference() const {
  std::string text;
  const auto compare = [&](const char* what, std::uint64_t detailed_count, std::uint64_t fast_count) {
    if (detailed_count != fast_count) text += fmt::format("{}: {} detailed, {} fast; ", what, detailed_count, fast_count);
  };
  if (wrong_elements > 0) text += fmt::format("{} elements of C differ from models/gemm; ", wrong_elements);
  compare("MACs", detailed.macs, fast.macs);
  if (detailed.gated_macs != expected_gated_macs) {
    text += fmt::format("gated MACs: {} of {} expected; ", detailed.gated_macs, expected_gated_macs);
  }
  compare("register bytes read", detailed.register_read.value(), fast.register_read.value());
  compare("register bytes written", detailed.register_written.value(), fast.register_written.value());
  compare("L0 bytes read", detailed.l0_read.value(), fast.l0_read.value());
  compare("L0 bytes written", detailed.l0_written.value(), fast.l0_written.value());
  compare("L1 bytes read", detailed.l1_read.value(), fast.l1_read.value());
  compare("L1 bytes written", detailed.l1_written.value(), fast.l1_written.value());
  compare("compute cycles", detailed_book.compute, fast_book.compute);
  return text;
}

VerifyResult run_case(const VerifyCase& drawn, const std::string& vcd) {
  const ArrayShape shape = array_shape(drawn.accelerator.core, drawn.mode, drawn.a_format, drawn.b_format, drawn.depthwise);
  const TileProblem problem{drawn, shape};
  TileWork work = problem.tile();
  NoMover mover;
  KernelGuard guard;
  const KernelProgram program = fast_program(drawn);
  ScheduleTable schedules{drawn.accelerator.core};
  ComputeCore fast{"fast", drawn.accelerator, mover, schedules, guard};
  const std::unique_ptr<DetailedCore> detailed = make_detailed_core("core", shape, work, guard);
  const std::unique_ptr<Waveform> waveform = vcd.empty() ? nullptr : std::make_unique<Waveform>(vcd, *detailed);
  fast.start(program, program.cores[0]);
  sc_core::sc_start();
  restore_sanitizer_stack();
  guard.rethrow();
  NIBBLE_CHECK(fast.done() && detailed->done(), "case {}: a level never ends: {}", drawn.index, drawn.text());
  VerifyResult result;
  collect_fast(fast, result);
  result.detailed = detailed->counts();
  result.detailed_book = detailed->cycles();
  result.l0 = detailed->l0_accesses();
  result.expected_gated_macs = problem.gated();
  result.element_cycles = std::uint64_t{shape.rows} * shape.columns * result.detailed_book.total();
  const std::vector<std::uint32_t> expected = problem.expected();
  for (std::size_t i = 0; i < expected.size(); ++i) result.wrong_elements += expected[i] != work.c[i] ? 1 : 0;
  return result;
}

std::uint64_t fast_cycles(const VerifyCase& drawn) {
  NoMover mover;
  KernelGuard guard;
  const KernelProgram program = fast_program(drawn);
  ScheduleTable schedules{drawn.accelerator.core};
  ComputeCore fast{"fast", drawn.accelerator, mover, schedules, guard};
  fast.start(program, program.cores[0]);
  sc_core::sc_start();
  restore_sanitizer_stack();
  guard.rethrow();
  return fast.finished_at();
}

}  // namespace nibble::detailed
