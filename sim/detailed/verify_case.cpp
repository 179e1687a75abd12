#include "sim/detailed/verify_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include "models/base/check.hpp"
#include "models/formats/codec.hpp"
#include "models/gemm/accumulate.hpp"
#include "models/timing/corelet_share.hpp"
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

/// A corelet's part of the tile.
struct Share {
  std::uint64_t group0 = 0, groups = 0, row0 = 0, rows = 0, column0 = 0, columns = 0;
};

/// The parts of all corelets; none has an empty one.
std::vector<Share> shares_of(const VerifyCase& drawn) {
  const ArrayTile whole{drawn.m, drawn.n, drawn.k, drawn.count, drawn.depthwise, drawn.k_before > 0};
  std::vector<Share> shares;
  Share next;
  for (std::uint32_t i = 0; i < drawn.accelerator.core.corelets; ++i) {
    const ArrayTile part = corelet_share(whole, drawn.split_n, drawn.accelerator.core, i);
    if (part.m == 0) continue;
    next.groups = part.count, next.rows = part.m, next.columns = part.n;
    shares.push_back(next);
    if (part.n < whole.n) next.column0 += part.n;
    else if (part.count < whole.count) next.group0 += part.count;
    else next.row0 += part.m;
  }
  return shares;
}

/// The tile cut out of a whole product whose reduction began `k_before` earlier.
class TileProblem {
 public:
  TileProblem(const VerifyCase& drawn, const ArrayShape& shape)
      : drawn_{drawn}, shape_{shape}, whole_k_{drawn.k_before + drawn.k}, generator_{drawn.seed * 0x9e3779b97f4a7c15U + drawn.index},
        a_{drawn.a_format, drawn.count * drawn.m * whole_k_, drawn.zeros, generator_},
        b_{drawn.b_format, drawn.count * whole_k_ * drawn.n, drawn.zeros, generator_} {}

  [[nodiscard]] TileWork tile(const Share& share) const {
    TileWork work;
    work.m = share.rows, work.n = share.columns, work.k = drawn_.k, work.count = share.groups;
    work.depthwise = drawn_.depthwise;
    work.accumulate = drawn_.k_before > 0;
    for (std::uint64_t g = share.group0; g < share.group0 + share.groups; ++g) {
      for (std::uint64_t i = share.row0; i < share.row0 + share.rows; ++i) {
        for (std::uint64_t q = drawn_.k_before; q < whole_k_; ++q) work.a.push_back(a_.codes[a_index(g, i, q)]);
      }
      for (std::uint64_t q = drawn_.k_before; q < whole_k_; ++q) {
        for (std::uint64_t j = share.column0; j < share.column0 + share.columns; ++j) work.b.push_back(b_.codes[b_index(g, q, j)]);
      }
    }
    work.c = part_of(sums(drawn_.k_before), share);
    return work;
  }
  /// A corelet's part of a whole C.
  [[nodiscard]] std::vector<std::uint32_t> part_of(const std::vector<std::uint32_t>& c, const Share& share) const {
    std::vector<std::uint32_t> part;
    for (std::uint64_t g = share.group0; g < share.group0 + share.groups; ++g) {
      for (std::uint64_t i = share.row0; i < share.row0 + share.rows; ++i) {
        const auto row = c.begin() + static_cast<std::ptrdiff_t>((g * drawn_.m + i) * drawn_.n + share.column0);
        part.insert(part.end(), row, row + static_cast<std::ptrdiff_t>(share.columns));
      }
    }
    return part;
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
  tile.split_n = drawn.split_n;
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
  const auto reference = static_cast<double>(detailed_cycles);
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

namespace {

/// The detailed level: a core for each corelet's part, at one port.
class DetailedCorelets {
 public:
  DetailedCorelets(const VerifyCase& drawn, const ArrayShape& shape, const TileProblem& problem, KernelGuard& guard)
      : problem_{problem}, shares_{shares_of(drawn)}, port_{shape.port_bits, static_cast<std::uint32_t>(shares_.size())} {
    for (const Share& share : shares_) works_.push_back(problem.tile(share));
    for (std::uint32_t i = 0; i < shares_.size(); ++i) {
      const std::string name = shares_.size() == 1 ? "core" : fmt::format("corelet{}", i);
      cores_.push_back(make_detailed_core(name.c_str(), shape, works_[i], {port_, i}, guard));
    }
  }

  [[nodiscard]] const std::vector<std::unique_ptr<DetailedCore>>& cores() const { return cores_; }
  [[nodiscard]] bool done() const {
    return std::all_of(cores_.begin(), cores_.end(), [](const auto& core) { return core->done(); });
  }
  void collect(VerifyResult& result) const {
    const std::vector<std::uint32_t> expected = problem_.expected();
    for (std::size_t i = 0; i < cores_.size(); ++i) {
      result.detailed += cores_[i]->counts();
      result.detailed_book += cores_[i]->cycles();
      result.detailed_cycles = std::max(result.detailed_cycles, cores_[i]->cycles().total());
      result.l0 += cores_[i]->l0_accesses();
      const std::vector<std::uint32_t> part = problem_.part_of(expected, shares_[i]);
      for (std::size_t at = 0; at < part.size(); ++at) result.wrong_elements += part[at] != works_[i].c[at] ? 1 : 0;
    }
  }

 private:
  const TileProblem& problem_;
  std::vector<Share> shares_;
  Port port_;
  std::vector<TileWork> works_;
  std::vector<std::unique_ptr<DetailedCore>> cores_;
};

}  // namespace

VerifyResult run_case(const VerifyCase& drawn, const std::string& vcd) {
  const ArrayShape shape = array_shape(drawn.accelerator.core, drawn.mode, drawn.a_format, drawn.b_format, drawn.depthwise);
  const TileProblem problem{drawn, shape};
  NoMover mover;
  KernelGuard guard;
  const KernelProgram program = fast_program(drawn);
  ScheduleTable schedules{drawn.accelerator.core};
  ComputeCore fast{"fast", drawn.accelerator, mover, schedules, guard};
  const DetailedCorelets detailed{drawn, shape, problem, guard};
  const std::unique_ptr<Waveform> waveform = vcd.empty() ? nullptr : std::make_unique<Waveform>(vcd, detailed.cores());
  fast.start(program, program.cores[0]);
  sc_core::sc_start();
  restore_sanitizer_stack();
  guard.rethrow();
  NIBBLE_CHECK(fast.done() && detailed.done(), "case {}: a level never ends: {}", drawn.index, drawn.text());
  VerifyResult result;
  collect_fast(fast, result);
  detailed.collect(result);
  result.expected_gated_macs = problem.gated();
  result.element_cycles = std::uint64_t{shape.rows} * shape.columns * result.detailed_book.total();
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
