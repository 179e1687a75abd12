#include "sim/chip/machine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "models/base/check.hpp"
#include "sim/core/kernel_time.hpp"
#include "sim/core/sanitizer_stack.hpp"

namespace nibble {

Machine::Machine(const Accelerator& accelerator, Pace pace)
    : accelerator_{accelerator},
      schedules_{accelerator_.core},
      agenda_{"agenda", guard_, pace},
      ring_{"ring", accelerator_},
      psum_ring_{"psum_ring", accelerator_},
      memory_node_{"memory_node", accelerator_, ring_},
      memory_{"memory", accelerator_.memory, accelerator_.clock, agenda_} {
  memory_node_.socket.bind(memory_.socket);
  for (std::uint32_t i = 0; i < accelerator_.cores; ++i) {
    mnis_.push_back(std::make_unique<Mni>(fmt::format("mni{}", i).c_str(), i, accelerator_, memory_node_, psum_ring_,
                                          agenda_));
    cores_.push_back(std::make_unique<ComputeCore>(fmt::format("core{}", i).c_str(), accelerator_, *mnis_.back(),
                                                   schedules_, guard_));
  }
  if (pace == Pace::fast_forward && accelerator.memory.banks == 0) watch_progress();
  // All processes reach their first wait: the first kernel finds the machine as every later one does.
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  restore_sanitizer_stack();
  guard_.rethrow();
}

Machine::~Machine() = default;

void Machine::set_clock(Hertz clock) {
  accelerator_.clock = clock;
  memory_.set_core_clock(clock);
  memory_node_.set_core_clock(clock);
}

void Machine::watch_progress() {
  fast_forward_.emplace(ChipParts{cores_, mnis_, ring_, psum_ring_, memory_node_, memory_});
  memory_.watch(*fast_forward_);
  for (std::uint32_t i = 0; i < cores_.size(); ++i) cores_[i]->watch(*fast_forward_, i);
}

void Machine::observe(Timeline* timeline) {
  if (fast_forward_ && timeline != nullptr) fast_forward_->stop();  // who looks on sees everything
  timeline_ = timeline;
  memory_.observe(timeline);
  for (std::uint32_t i = 0; i < cores_.size(); ++i) cores_[i]->observe(timeline, i);
}

KernelResult Machine::run(const KernelProgram& program) {
  NIBBLE_CHECK(program.cores.size() == cores_.size(), "a program for {} cores on {}", program.cores.size(),
               cores_.size());
  ring_.reset_counts();
  psum_ring_.reset();
  memory_node_.reset();
  memory_.reset_counts();
  for (const auto& mni : mnis_) mni->reset();
  const std::uint64_t begin = kernel_now();
  if (timeline_ != nullptr) timeline_->begin_kernel(program, begin, accelerator_.clock);
  if (fast_forward_ && timeline_ == nullptr) fast_forward_->start(program);
  for (std::size_t i = 0; i < cores_.size(); ++i) cores_[i]->start(program, program.cores[i]);
  sc_core::sc_start();
  restore_sanitizer_stack();
  guard_.rethrow();
  check_finished(program);
  KernelResult result = collect(program, begin);
  check_laws(program, result, accelerator_);
  if (timeline_ != nullptr) timeline_->end_kernel(result.activity, begin + result.cycles.value());
  return result;
}

void Machine::check_finished(const KernelProgram& program) const {
  if (std::all_of(cores_.begin(), cores_.end(), [](const auto& core) { return core->done(); })) return;
  std::string report = fmt::format("{}: the program of this kernel never ends\n", program.layer);
  for (const auto& core : cores_) report += core->describe_stall() + "\n";
  for (const auto& mni : mnis_) report += mni->describe_stall() + "\n";
  throw InternalError{report + memory_node_.describe_stall() + psum_ring_.describe_stall()};
}

KernelResult Machine::collect(const KernelProgram& program, std::uint64_t begin) const {
  std::uint64_t end = begin;
  for (const auto& core : cores_) end = std::max(end, core->finished_at());
  KernelResult result;
  result.cycles = Cycles{end - begin + (fast_forward_ ? fast_forward_->skipped_cycles() : 0)};
  Macs macs;
  for (const auto& core : cores_) {
    core->close(end);
    result.array_cycles.compute += core->array_cycles(ArrayState::compute);
    result.array_cycles.fill_drain += core->array_cycles(ArrayState::fill_drain);
    result.array_cycles.memory += core->array_cycles(ArrayState::memory);
    result.array_cycles.ring += core->array_cycles(ArrayState::ring);
    result.array_cycles.l1 += core->array_cycles(ArrayState::l1);
    result.array_cycles.vector += core->array_cycles(ArrayState::vector);
    result.array_cycles.sync += core->array_cycles(ArrayState::sync);
    result.sfu_busy_cycles += core->sfu_busy_cycles();
    result.activity += core->activity();
    macs += core->macs();
  }
  Activity& activity = result.activity;
  if (!program.mac_mode.empty()) {
    activity.macs[program.mac_mode] = macs.value();
    const double live = (1.0 - program.a_zeros) * (1.0 - program.b_zeros);
    activity.gated_macs[program.mac_mode] =
        static_cast<std::uint64_t>(std::llround(static_cast<double>(macs.value()) * (1.0 - live)));
  }
  activity.memory_read = memory_.bytes_read();
  activity.memory_written = memory_.bytes_written();
  activity.memory_row_misses = memory_.row_misses();
  activity.ring_byte_hops = ring_.byte_hops();
  activity.psum_ring_byte_hops = psum_ring_.byte_hops();
  activity.core_idle_cycles = cores_.size() * result.cycles.value() - activity.core_busy_cycles;
  result.memory_busy_cycles = memory_.busy_cycles();
  return result;
}

}  // namespace nibble
