#include "sim/core/corelet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/core/kernel_time.hpp"

namespace nibble {
namespace {

/// Bytes in order that keep the L1 port busy for as long as `bytes` that have to be gathered.
Bytes port_bytes(Bytes bytes, double port_time) {
  if (port_time == 1.0) return bytes;
  return Bytes{static_cast<std::uint64_t>(static_cast<double>(bytes.value()) * port_time)};
}

}  // namespace

Corelet::Corelet(sc_core::sc_module_name name, const MpeArray& mpe, L1Port& l1, KernelGuard& guard, TaskDone on_done)
    : sc_module{name}, weight_buffers_{mpe.weight_buffers}, l1_{l1}, guard_{guard}, on_done_{std::move(on_done)} {
  SC_HAS_PROCESS(Corelet);
  SC_THREAD(load_blocks);
  SC_THREAD(run_array);
  SC_METHOD(note_operands);
  sensitive << operands_done_;
  dont_initialize();
}

void Corelet::issue(CoreletTask task) {
  tasks_.push_back(std::move(task));
  ++issued_;
  task_issued_.notify(sc_core::SC_ZERO_TIME);
}

void Corelet::load_blocks() {
  guard_.run([&] {
    for (std::uint64_t sequence = 0;; ++sequence) {
      while (issued_ <= sequence) wait(task_issued_);
      if (sequence < first_task_) continue;  // a task without visits, ended already
      const std::vector<Visit>& visits = *tasks_[sequence - first_task_].visits;
      const double port = tasks_[sequence - first_task_].stationary_port;
      for (const Visit& visit : visits) {
        for (std::uint64_t i = 0; i < visit.repeat; ++i) {
          while (blocks_loaded_ - blocks_used_ >= weight_buffers_) wait(block_freed_);
          if (visit.stationary.value() > 0) {
            l1_.start(port_bytes(visit.stationary, port), 1, 0, load_done_);
            wait(load_done_);
          }
          ++blocks_loaded_;
          block_loaded_.notify(sc_core::SC_ZERO_TIME);
        }
      }
    }
  });
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
        for (std::uint64_t i = 0; i < visit.repeat; ++i) run_visit(visit, task.streamed_port);
      }
      const bool worked = !visits.empty();
      tasks_.pop_front();
      ++first_task_;
      on_done_(worked);
    }
  });
}

void Corelet::run_visit(const Visit& visit, double streamed_port) {
  while (blocks_loaded_ == blocks_used_) wait(block_loaded_);
  const std::uint64_t begin = kernel_now();
  ledger_.book(ArrayState::fill_drain, ledger_.booked_until(), begin);  // a block load that nothing hid
  move_operands_and_sums(visit, port_bytes(visit.streamed, streamed_port));
  const std::uint64_t end = kernel_now();
  const std::uint64_t drained = end - visit.fill_drain.value();
  ledger_.book(ArrayState::compute, begin, begin + visit.compute.value());
  ledger_.book(ArrayState::l1, begin + visit.compute.value(), drained);
  ledger_.book(ArrayState::fill_drain, drained, end);
  ++blocks_used_;
  block_freed_.notify(sc_core::SC_ZERO_TIME);
}

void Corelet::move_operands_and_sums(const Visit& visit, Bytes streamed) {
  const double width = l1_.bandwidth().value();
  // Until enough columns send sums the port has nothing to do: on average for half of that time.
  const auto sending = static_cast<std::uint64_t>(width / static_cast<double>(std::max<std::uint64_t>(1, visit.column_sums.value())));
  const std::uint64_t skew = visit.skew.value() - std::min(visit.skew.value(), sending / 2);
  const std::uint64_t streaming = (visit.compute + visit.waits).value();  // rows enter, or wait to
  const std::uint64_t tail = visit.fill_drain.value() - visit.waits.value() - skew;
  const auto capacity = [&](std::uint64_t cycles) { return static_cast<std::uint64_t>(width * static_cast<double>(cycles)); };
  const std::uint64_t in = (streamed + visit.psum_read).value();
  const std::uint64_t all = in + visit.psum_written.value();
  const std::uint64_t room = capacity(streaming + skew);
  const bool bursts = visit.burst.value() > capacity(visit.burst_cycles.value() + skew);
  const bool contends = bursts || 2 * all > room;  // with the loader, even if that asks for the whole port
  if (!contends) {  // a modest visit gets its share at any time
    l1_.start(Bytes{all}, streaming + skew, tail, visit_done_);
    wait(visit_done_);
    return;
  }
  // Operands need the port from the first beat on, sums after the array has filled. Where both are more than the port
  // takes, operands come as early as they can.
  operands_in_ = false;
  l1_.start(Bytes{in}, all > room ? 1 : streaming, tail + skew, operands_done_);
  wait(kernel_time(tail));
  if (bursts) {  // more sums than the port takes leave at the end, however long the visit was
    l1_.start(visit.psum_written - visit.burst, streaming - visit.burst_cycles.value(), 0, visit_done_);
    wait(visit_done_);
    l1_.start(visit.burst, visit.burst_cycles.value() + skew, 0, visit_done_);
  } else {
    l1_.start(visit.psum_written, streaming + skew, 0, visit_done_);
  }
  wait(visit_done_);
  if (!operands_in_) wait(operands_done_);
}

std::string Corelet::describe_stall() const {
  return fmt::format("{}: {} tasks waiting, {} blocks loaded, {} used", name(), tasks_.size(), blocks_loaded_,
                     blocks_used_);
}

}  // namespace nibble
