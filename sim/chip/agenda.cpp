#include "sim/chip/agenda.hpp"

#include "sim/core/kernel_time.hpp"

namespace nibble {

Agenda::Agenda(sc_core::sc_module_name name, KernelGuard& guard, Pace pace)
    : sc_module{name}, guard_{guard}, pace_{pace} {
  SC_HAS_PROCESS(Agenda);
  SC_METHOD(run);
  sensitive << wake_;
  dont_initialize();
}

std::size_t Agenda::add(std::function<void()> ring) {
  cycles_.push_back(kNever);
  at_kernel_time_.push_back(0);
  rings_.push_back(std::move(ring));
  return rings_.size() - 1;
}

void Agenda::set(std::size_t alarm, std::uint64_t cycle, bool at_kernel_time) {
  if (cycle >= cycles_[alarm]) return;
  cycles_[alarm] = cycle;
  at_kernel_time_[alarm] = at_kernel_time ? 1 : 0;
  if (cycle < next_cycle_ || (cycle == next_cycle_ && alarm < next_alarm_)) {
    next_cycle_ = cycle;
    next_alarm_ = alarm;
  }
  if (!running_) wake_at(cycle);
}

/// There is one alarm for each core and one for the memory: looking through them is quicker than to keep them in order.
void Agenda::find_next() {
  next_cycle_ = kNever;
  for (std::size_t alarm = 0; alarm < cycles_.size(); ++alarm) {
    if (cycles_[alarm] >= next_cycle_) continue;
    next_cycle_ = cycles_[alarm];
    next_alarm_ = alarm;
  }
}

void Agenda::wake_at(std::uint64_t cycle) {
  if (cycle >= wakes_at_) return;
  wakes_at_ = cycle;
  wake_.cancel();
  wake_.notify(kernel_time(cycle - kernel_now()));
}

void Agenda::run() {
  if (sc_core::sc_pending_activity_at_current_time()) {
    wake_.notify(sc_core::SC_ZERO_TIME);
    return;
  }
  wakes_at_ = kNever;
  running_ = true;
  guard_.run([&] {
    const std::uint64_t now = kernel_now();
    ring_due(now);
    run_ahead(now);
  });
  running_ = ahead_ = false;
  kernel_alarm = kNoAlarmRings;
  if (next_cycle_ != kNever) wake_at(next_cycle_);
}

void Agenda::ring(std::size_t alarm, std::uint64_t cycle) {
  cycles_[alarm] = kNever;
  find_next();
  kernel_alarm = cycle;
  rings_[alarm]();
}

void Agenda::ring_due(std::uint64_t now) {
  while (next_cycle_ <= now) ring(next_alarm_, now);
}

void Agenda::run_ahead(std::uint64_t now) {
  if (pace_ == Pace::every_step) return;
  const sc_core::sc_time idle = sc_core::sc_time_to_pending_activity(sc_core::sc_get_curr_simcontext());
  const std::uint64_t limit = now + idle.value() / kKernelTicksPerCycle;
  while (next_cycle_ < limit && at_kernel_time_[next_alarm_] == 0) {
    ahead_ = true;
    ring(next_alarm_, next_cycle_);
  }
}

}  // namespace nibble
