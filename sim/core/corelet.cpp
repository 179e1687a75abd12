#include "sim/core/corelet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

/// Cycles of a load that has the port to itself, but for `used_bits` of the first cycle.
std::uint64_t load_cycles(const BlockLoad& load, BytesPerCycle bandwidth, std::uint64_t used_bits) {
  if (load.bits_a_cycle == 0) return 1;  // as long as the port takes
  const auto port = static_cast<std::uint64_t>(bandwidth.value() * 8);
  const std::uint64_t rate = std::min(load.bits_a_cycle, port), first = std::min(rate, port - std::min(port, used_bits));
  return load.bits <= first ? 1 : 1 + ceil_div(load.bits - first, rate);
}

}  // namespace

Corelet::Corelet(sc_core::sc_module_name name, const MpeArray& mpe, L1Port& l1, ScheduleTable& schedules,
                 KernelGuard& guard, TaskDone on_done)
    : sc_module{name},
      weight_buffers_{mpe.weight_buffers},
      l1_{l1},
      schedules_{schedules},
      guard_{guard},
      on_done_{std::move(on_done)} {
  SC_HAS_PROCESS(Corelet);
  SC_THREAD(run_array);
  SC_METHOD(background_load_ends);
  sensitive << background_done_;
  dont_initialize();
}

void Corelet::issue(CoreletTask task) {
  if (tasks_.empty()) handed_over_ = {};  // what was before is another kernel's
  for (const Visit& visit : *task.visits) {
    to_load_.insert(to_load_.end(), visit.repeat, BlockLoad{visit.stationary_bits.value(), visit.load_bits_a_cycle});
  }
  tasks_.push_back(std::move(task));
  ++issued_;
  task_issued_.notify(sc_core::SC_ZERO_TIME);
  if (visiting_ && claimed_ == 0) load_beside();
}

void Corelet::run_array() {
  guard_.run([&] {
    for (std::uint64_t sequence = 0;; ++sequence) {
      while (issued_ <= sequence) wait(task_issued_);
      const CoreletTask& task = tasks_.front();
      for (const Interval& waited : task.issue_log) ledger_.book(waited.state, waited.begin, waited.end);
      ledger_.book(ArrayState::sync, ledger_.booked_until(), kernel_now());
      const std::vector<Visit>& visits = *task.visits;
      for (const Visit& visit : visits) {
        for (std::uint64_t i = 0; i < visit.repeat; ++i) run_visit(visit);
      }
      const bool worked = !visits.empty();
      tasks_.pop_front();
      ++first_task_;
      on_done_(worked);
    }
  });
}

void Corelet::run_visit(const Visit& visit) {
  await_block();
  const std::uint64_t begin = kernel_now();
  ledger_.book(ArrayState::fill_drain, ledger_.booked_until(), begin);  // a block load that nothing hid
  plan(visit.traffic);
  visiting_ = true;
  use_port(planned_.streaming_bits, planned_.streaming_cycles);
  use_port(planned_.moved_bits - planned_.streaming_bits, planned_.cycles - planned_.streaming_cycles);
  visiting_ = false;
  take_over(planned_.after);
  const std::uint64_t end = kernel_now();
  const std::uint64_t drained = end - visit.fill_drain.value();
  ledger_.book(ArrayState::compute, begin, begin + visit.compute.value());
  ledger_.book(ArrayState::l1, begin + visit.compute.value(), drained);
  ledger_.book(ArrayState::fill_drain, drained, end);
  ++blocks_used_;
}

void Corelet::plan(const PortTraffic& traffic) {
  PortState from = port_state();
  if (planned_.cycles > 0 && from == planned_from_ && traffic == planned_traffic_) return;
  planned_ = schedules_.of(traffic, from);
  planned_traffic_ = traffic;
  planned_from_ = std::move(from);
}

/// A stretch of a visit that uses the port evenly.
void Corelet::use_port(std::uint64_t bits, std::uint64_t cycles) {
  if (cycles == 0) return;
  l1_.start(Bytes{bits / 8}, cycles, 0, visit_done_);
  wait(visit_done_);
}

/// The next visit's block, if nobody has loaded it: with the whole port, but for what the last sums take.
void Corelet::await_block() {
  while (blocks_loaded_ == blocks_used_) {
    if (loading_beside_) {
      wait(block_loaded_);
      continue;
    }
    const std::uint64_t used = handed_over_at_ == kernel_now() ? handed_over_.used_bits : 0;
    if (to_load_.front().bits > 0) {
      l1_.start(Bytes{(to_load_.front().bits + used + 7) / 8}, load_cycles(to_load_.front(), l1_.bandwidth(), used), 0, load_done_);
      wait(load_done_);
    }
    block_arrives();
  }
}

void Corelet::block_arrives() {
  to_load_.pop_front();
  ++blocks_loaded_;
}

/// What the schedule of a visit that begins now has to know of the port.
PortState Corelet::port_state() {
  PortState state;
  if (handed_over_at_ == kernel_now()) state = {{}, handed_over_.used_bits, handed_over_.loader_idle_first};
  const std::uint64_t free = weight_buffers_ - (blocks_loaded_ - blocks_used_);
  if (!loading_beside_) {
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(free, to_load_.size()) && to_load_[i].bits > 0; ++i) {
      state.loads.push_back(to_load_[i]);
    }
  }
  claimed_ = state.loads.size();
  return state;
}

void Corelet::take_over(const PortState& after) {
  for (; claimed_ > after.loads.size(); --claimed_) block_arrives();
  if (claimed_ > 0) to_load_.front() = after.loads.front();
  claimed_ = 0;
  handed_over_ = after;
  handed_over_at_ = kernel_now();
}

/// While a visit runs whose schedule knows of no block to load.
void Corelet::load_beside() {
  const bool allowed = blocks_loaded_ - blocks_used_ < weight_buffers_;
  if (loading_beside_ || !allowed || to_load_.empty() || to_load_.front().bits == 0) return;
  loading_beside_ = true;
  l1_.start(Bytes{(to_load_.front().bits + 7) / 8}, load_cycles(to_load_.front(), l1_.bandwidth(), 0), 0, background_done_);
}

void Corelet::background_load_ends() {
  loading_beside_ = false;
  block_arrives();
  block_loaded_.notify(sc_core::SC_ZERO_TIME);
  if (visiting_ && claimed_ == 0) load_beside();
}

std::string Corelet::describe_stall() const {
  return fmt::format("{}: {} tasks waiting, {} blocks loaded, {} used", name(), tasks_.size(), blocks_loaded_,
                     blocks_used_);
}

}  // namespace nibble
