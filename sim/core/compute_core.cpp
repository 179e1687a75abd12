#include "sim/core/compute_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "models/base/check.hpp"
#include "models/formats/format.hpp"
#include "models/timing/corelet_share.hpp"
#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

/// MPE instructions in flight: one that runs and one whose weights load ahead.
constexpr std::size_t kMpeInFlight = 2;
/// Waits of the SFUs that are remembered: a wait for them spans a few of their instructions at most.
constexpr std::size_t kRememberedWaits = 32;

std::size_t index_of(Unit unit) { return static_cast<std::size_t>(unit); }

}  // namespace

ComputeCore::ComputeCore(sc_core::sc_module_name name, const Accelerator& accelerator, DataMover& mover,
                         ScheduleTable& schedules, KernelGuard& guard)
    : sc_module{name},
      accelerator_{accelerator},
      mover_{mover},
      guard_{guard},
      l1_{"l1_port", accelerator.core.l1.corelet_bandwidth} {
  for (std::uint32_t i = 0; i < accelerator.core.corelets; ++i) {
    corelets_.push_back(std::make_unique<Corelet>(fmt::format("corelet{}", i).c_str(), accelerator.core.mpe, l1_,
                                                  schedules, guard, [this](bool worked) { corelet_finished(worked); }));
  }
  SC_HAS_PROCESS(ComputeCore);
  SC_THREAD(run_load);
  SC_THREAD(run_mpe);
  SC_THREAD(run_sfu);
  SC_THREAD(run_store);
}

void ComputeCore::start(const KernelProgram& program, const KernelProgram::CoreProgram& instructions) {
  NIBBLE_CHECK(done(), "{} is started while it runs", name());
  visit_cache_.clear();
  sfu_waits_.clear();
  program_ = &program;
  instructions_ = &instructions;
  mode_ = program.mac_mode.empty() ? nullptr : &require_mac_mode(accelerator_, program.a_format, program.b_format);
  fetched_.fill(0);
  ended_.fill(0);
  units_at_work_ = 0;
  finished_at_ = kernel_now();
  sfu_busy_ = 0;
  macs_ = Macs{0};
  activity_ = Activity{};
  slots_.reset(program.slots.size());
  for (const auto& corelet : corelets_) corelet->ledger().start_at(kernel_now());
  // One event a unit: how they fall in line must not depend on which of them was the last to end the kernel before.
  for (sc_core::sc_event& started : started_) started.notify(sc_core::SC_ZERO_TIME);
}

bool ComputeCore::done() const {
  if (instructions_ == nullptr) return true;
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    if (ended_[unit] != instructions_->units[unit].size()) return false;
  }
  return true;
}

std::uint64_t ComputeCore::unfinished(Unit unit) const {
  return instructions_->units[index_of(unit)].size() - ended_[index_of(unit)];
}

const Instruction& ComputeCore::next_instruction(Unit unit) {
  const std::size_t i = index_of(unit);
  while (instructions_ == nullptr || fetched_[i] == instructions_->units[i].size()) wait(started_[i]);
  return instructions_->units[i][fetched_[i]++];
}

const Instruction& ComputeCore::latest_instruction(Unit unit) const {
  return instructions_->units[index_of(unit)][fetched_[index_of(unit)] - 1];
}

void ComputeCore::watch(Progress& progress, std::uint32_t core) {
  progress_ = &progress;
  number_ = core;
}

void ComputeCore::observe(Timeline* timeline, std::uint32_t core) {
  timeline_ = timeline;
  number_ = core;
  for (std::uint32_t i = 0; i < corelets_.size(); ++i) {
    StateLedger::Observer observer;
    if (timeline != nullptr) {
      observer = [timeline, core, i](ArrayState state, std::uint64_t begin, std::uint64_t end) {
        timeline->array(core, i, state, begin, end);
      };
    }
    corelets_[i]->ledger().observe(std::move(observer));
  }
}

void ComputeCore::begin_instruction(Unit unit) {
  if (in_flight_[index_of(unit)]++ == 0) flying_since_[index_of(unit)] = kernel_now();
  if (progress_ != nullptr) progress_->began(number_, unit);
}

void ComputeCore::end_instruction(const Instruction& instruction, Unit unit, std::uint64_t left_memory) {
  const std::size_t i = index_of(unit);
  if (--in_flight_[i] == 0 && timeline_ != nullptr && kernel_now() > flying_since_[i]) {
    timeline_->unit(number_, unit, flying_since_[i], kernel_now());
  }
  slots_.finish(instruction, unit, left_memory);
  ++ended_[index_of(unit)];
  finished_at_ = kernel_now();
  if (progress_ != nullptr) progress_->ended(number_, unit);
}

void ComputeCore::run_load() {
  guard_.run([&] {
    while (true) {
      load_wait_.clear();
      slots_.await(next_instruction(Unit::load), load_wait_);
      const Instruction& instruction = latest_instruction(Unit::load);
      begin_instruction(Unit::load);
      if (instruction.resident) {
        end_instruction(instruction, Unit::load, kernel_now());
      } else {
        mover_.load(instruction, *this);
      }
    }
  });
}

void ComputeCore::run_mpe() {
  guard_.run([&] {
    while (true) {
      const Instruction& instruction = next_instruction(Unit::mpe);
      while (fetched_[index_of(Unit::mpe)] - ended_[index_of(Unit::mpe)] > kMpeInFlight) wait(mpe_retired_);
      mpe_wait_.clear();
      slots_.await(instruction, mpe_wait_);
      await_sums(instruction);
      begin_instruction(Unit::mpe);
      blame_upstream(mpe_wait_, sfu_waits_);
      const ArrayTile whole{instruction.m, instruction.n,       instruction.k, instruction.count, program_->depthwise,
                            instruction.accumulate};
      for (std::uint32_t i = 0; i < corelets_.size(); ++i) {
        const std::vector<Visit>& visits =
            visits_of(corelet_share(whole, instruction.split_n, accelerator_.core, i));
        count_visits(visits);
        if (!visits.empty()) begin_work();
        corelets_[i]->issue({&visits, mpe_wait_});
      }
    }
  });
}

void ComputeCore::await_sums(const Instruction& instruction) {
  if (instruction.begins_on == 0) return;
  const std::uint64_t begin = kernel_now();
  mover_.await_sums(instruction.begins_on);
  if (kernel_now() > begin) mpe_wait_.push_back({ArrayState::ring, begin, kernel_now()});
}

void ComputeCore::corelet_finished(bool worked) {
  if (worked) end_work();
  // Corelets end their tasks in order: an instruction is over when the slowest has ended as many tasks.
  std::uint64_t ended_by_all = corelets_.front()->tasks_ended();
  for (const auto& corelet : corelets_) ended_by_all = std::min(ended_by_all, corelet->tasks_ended());
  for (; mpe_retired_total_ < ended_by_all; ++mpe_retired_total_) {
    const std::size_t i = index_of(Unit::mpe);
    end_instruction(instructions_->units[i][ended_[i]], Unit::mpe);
    mpe_retired_.notify(sc_core::SC_ZERO_TIME);
  }
}

void ComputeCore::run_sfu() {
  guard_.run([&] {
    while (true) {
      const Instruction& instruction = next_instruction(Unit::sfu);
      sfu_wait_.clear();
      slots_.await(instruction, sfu_wait_);
      begin_instruction(Unit::sfu);
      for (const Interval& waited : sfu_wait_) book_tail(waited.state, waited.begin, waited.end);
      sfu_waits_.insert(sfu_waits_.end(), sfu_wait_.begin(), sfu_wait_.end());
      if (sfu_waits_.size() > 2 * kRememberedWaits) {
        sfu_waits_.erase(sfu_waits_.begin(), sfu_waits_.end() - kRememberedWaits);
      }
      run_vector_lanes(instruction.lane_ops, instruction.lane_waits,
                       {instruction.l1_read, instruction.l1_written, instruction.l1_streamed},
                       instruction.continues ? 0 : accelerator_.core.sfu.startup_cycles, sfu_done_);
      end_instruction(instruction, Unit::sfu);
    }
  });
}

void ComputeCore::run_vector_lanes(std::uint64_t lane_ops, std::uint64_t waits, const VectorBytes& bytes,
                                   std::uint64_t startup, sc_core::sc_event& done) {
  const SfuArrays& sfu = accelerator_.core.sfu;
  const std::uint64_t lanes = std::uint64_t{sfu.arrays} * sfu.units * sfu.lanes * corelets_.size();
  const std::uint64_t begin = kernel_now();
  begin_work();
  std::uint64_t cycles = ceil_div(lane_ops + waits, lanes);
  const Bytes own = bytes.read + bytes.written;
  if (sfu.l1_bandwidth.value() > 0) cycles = std::max(cycles, transfer_time(own, sfu.l1_bandwidth).value());
  const L0Buffers& l0 = accelerator_.core.l0;
  const BytesPerCycle arrays = l0.slice_bandwidth * static_cast<double>(l0.slices * corelets_.size());
  cycles = std::max(cycles, transfer_time(bytes.streamed, arrays).value());
  l1_.start(own + bytes.streamed, cycles, startup, done);
  wait(done);
  end_work();
  activity_.sfu_lane_ops += lane_ops;
  activity_.l1_read += bytes.read + bytes.streamed;
  activity_.l1_written += bytes.written;
  activity_.l0_read += bytes.streamed;
  activity_.l0_written += bytes.streamed;
  sfu_busy_ += (kernel_now() - begin) * corelets_.size();
  book_tail(ArrayState::vector, begin, kernel_now());
}

void ComputeCore::run_store() {
  guard_.run([&] {
    while (true) {
      store_wait_.clear();
      slots_.await(next_instruction(Unit::store), store_wait_);
      const Instruction& instruction = latest_instruction(Unit::store);
      begin_instruction(Unit::store);
      if (instruction.reduce != 0) run_exchange(instruction);
      if (instruction.resident) {
        end_instruction(instruction, Unit::store);
      } else {
        activity_.l1_read += instruction.bytes;
        mover_.store(instruction, *this);
      }
    }
  });
}

void ComputeCore::run_exchange(const Instruction& instruction) {
  const std::uint64_t begin = kernel_now();
  const Bytes& arriving = mover_.exchange(instruction, exchange_done_);
  wait(exchange_done_);
  const Bytes received = arriving;
  book_tail(ArrayState::ring, begin, kernel_now());
  if (timeline_ != nullptr && kernel_now() > begin) timeline_->exchange(number_, begin, kernel_now());
  if (instruction.passes_on) {  // nothing is added here: the arrays begin on sums that come
    activity_.l1_read += received.value() > 0 ? received : instruction.reduce_bytes;
    activity_.l1_written += received;
    return;
  }
  if (received.value() == 0) return;
  // Each partial sum that arrives is added to the one that waits in the scratchpad: read, add, write.
  const std::uint64_t bits =
      instruction.reduce_bits != 0 ? instruction.reduce_bits : format_storage(mode_->accumulator).bits;
  const std::uint64_t sums = ceil_div(received.value() * 8, bits);
  run_vector_lanes(sums, 0, {received, received, Bytes{}}, accelerator_.core.sfu.startup_cycles, exchange_done_);
}

void ComputeCore::transfer_done(const Instruction& instruction, Unit unit, std::uint64_t left_memory) {
  if (unit == Unit::load) {
    activity_.l1_written += instruction.bytes;
    if (instruction.source) activity_.l1_read += instruction.bytes;  // in the core that holds them
  } else if (unfinished(Unit::sfu) == 0) {  // vector work goes before stores
    book_tail(ArrayState::memory, 0, kernel_now());
  }
  end_instruction(instruction, unit, left_memory);
}

void ComputeCore::book_tail(ArrayState state, std::uint64_t begin, std::uint64_t end) {
  // While matrix work is left the arrays keep their own books.
  if (unfinished(Unit::mpe) > 0) return;
  for (const auto& corelet : corelets_) {
    corelet->ledger().book(state, std::max(begin, corelet->ledger().booked_until()), end);
  }
}

void ComputeCore::close(std::uint64_t end) {
  for (const auto& corelet : corelets_) corelet->ledger().close(end);
  program_ = nullptr;  // the caller's program ends with its run
  instructions_ = nullptr;
}

std::uint64_t ComputeCore::array_cycles(ArrayState state) const {
  std::uint64_t sum = 0;
  for (const auto& corelet : corelets_) sum += corelet->ledger().count(state);
  return sum;
}

const std::vector<Visit>& ComputeCore::visits_of(const ArrayTile& tile) {
  const VisitKey key{tile.m, tile.n, tile.k, tile.count, tile.accumulate};
  const auto [found, fresh] = visit_cache_.try_emplace(key);
  if (fresh) {
    found->second = array_visits(accelerator_.core.mpe, accelerator_.core.l0, *mode_, program_->a_format,
                                 program_->b_format, tile);
  }
  return found->second;
}

void ComputeCore::count_visits(const std::vector<Visit>& visits) {
  for (const Visit& visit : visits) {
    const std::uint64_t repeat = visit.repeat;
    macs_ += visit.macs * repeat;
    activity_.register_read += visit.register_read * repeat;
    activity_.register_written += visit.register_written * repeat;
    activity_.array_byte_hops += visit.byte_hops * repeat;
    activity_.l0_read += visit.streamed * repeat;
    activity_.l0_written += visit.streamed * repeat;
    activity_.l1_read += (visit.stationary + visit.streamed + visit.psum_read) * repeat;
    activity_.l1_written += visit.psum_written * repeat;
  }
}

void ComputeCore::begin_work() {
  if (units_at_work_++ == 0) working_since_ = kernel_now();
}

void ComputeCore::end_work() {
  NIBBLE_CHECK(units_at_work_ > 0, "{} ends work that never began", name());
  if (--units_at_work_ == 0) activity_.core_busy_cycles += kernel_now() - working_since_;
}

std::string ComputeCore::describe_stall() const {
  std::string text = fmt::format("{}: left to end: {} loads, {} matrix, {} vector, {} stores; {}", name(),
                                 unfinished(Unit::load), unfinished(Unit::mpe), unfinished(Unit::sfu),
                                 unfinished(Unit::store), slots_.describe());
  for (const auto& corelet : corelets_) text += "\n  " + corelet->describe_stall();
  return text;
}

}  // namespace nibble
