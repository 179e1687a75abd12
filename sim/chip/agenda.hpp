#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <systemc>
#include <utility>
#include <vector>

#include "sim/core/guard.hpp"

namespace nibble {

/// How a machine gets through a kernel. Both ways take equally many cycles and count the same.
enum class Pace : std::uint8_t {
  fast_forward,  ///< ahead of the SystemC kernel where nothing can come in between; tile loops that repeat once (FastForward)
  every_step,    ///< everything in the kernel's own time: the slow way that the other is compared with
};

/// Agenda: what the modules between the cores and the memory have to do, in order of time. It runs ahead of the SystemC
/// kernel as far as nothing can come in between, so that a burst costs a few calls and no event.
///
/// Timing  an alarm rings in its cycle; kernel_now() is that cycle while it rings. As long as the kernel has nothing to do
///         before that cycle no core can ask for more: what happens then is known now.
/// Order   in a cycle the cores come first, all that they do in it; then alarms ring, in the order in which they were made.
/// What a core would notice must wait until the kernel has come so far: Alarm::at_kernel_time().
class Agenda : public sc_core::sc_module {
 public:
  Agenda(sc_core::sc_module_name name, KernelGuard& guard, Pace pace = Pace::fast_forward);

  /// True while kernel_now() is ahead of the kernel.
  [[nodiscard]] bool ahead() const { return ahead_; }

 private:
  friend class Alarm;
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  std::size_t add(std::function<void()> ring);
  void set(std::size_t alarm, std::uint64_t cycle, bool at_kernel_time);
  void run();
  void ring_due(std::uint64_t now);
  void run_ahead(std::uint64_t now);
  void ring(std::size_t alarm, std::uint64_t cycle);
  void find_next();
  void wake_at(std::uint64_t cycle);

  KernelGuard& guard_;
  const Pace pace_;
  std::vector<std::uint64_t> cycles_;         ///< by alarm: when it rings next
  std::vector<char> at_kernel_time_;          ///< by alarm
  std::uint64_t next_cycle_ = kNever;         ///< when the next alarm rings; kNever if none does
  std::size_t next_alarm_ = 0;                ///< of those that ring then the first
  std::vector<std::function<void()>> rings_;  ///< by alarm
  bool running_ = false, ahead_ = false;
  std::uint64_t wakes_at_ = kNever;
  sc_core::sc_event wake_;
};

/// Alarm: one entry of an agenda, which must outlive it.
class Alarm {
 public:
  Alarm(Agenda& agenda, std::function<void()> ring) : agenda_{agenda}, number_{agenda.add(std::move(ring))} {}

  /// Rings in `cycle`, not before now, or earlier if it was to.
  void by(std::uint64_t cycle) { agenda_.set(number_, cycle, false); }
  /// The same, but not before the kernel has come to that cycle: for what a core notices.
  void at_kernel_time(std::uint64_t cycle) { agenda_.set(number_, cycle, true); }
  /// See Agenda::ahead().
  [[nodiscard]] bool ahead() const { return agenda_.ahead(); }

 private:
  Agenda& agenda_;
  std::size_t number_;
};

}  // namespace nibble
