#include "sim/detailed/verify_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "models/base/check.hpp"
#include "sim/core/compute_core.hpp"
#include "sim/core/kernel_time.hpp"
#include "sim/core/sanitizer_stack.hpp"
#include "sim/detailed/detailed_core.hpp"
#include "sim/detailed/tile_problem.hpp"
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
