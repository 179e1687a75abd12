#pragma once

#include <csignal>
#include <exception>
#include <iterator>

namespace nibble {

/// A signal asked the program to stop while it had children to end first.
class Interrupted : public std::exception {
 public:
  explicit Interrupted(int signal) : signal_{signal} {}
  [[nodiscard]] const char* what() const noexcept override { return "stopped by a signal"; }
  [[nodiscard]] int signal() const { return signal_; }
  /// Ends this process by the signal, with its default effect.
  void raise_again() const;

 private:
  int signal_;
};

/// While it lives, SIGINT, SIGTERM and SIGHUP are only noted, and delivered only during a wait with
/// `while_waiting()` as its signal mask (ppoll): so none can fall between the check and the wait. At most one
/// at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  ~InterruptGuard();

  [[nodiscard]] const sigset_t& while_waiting() const { return outside_; }
  /// Throws Interrupted if a signal has come.
  void check() const;
  /// For a forked child: signals have the effect again that they had before.
  void release_in_child() const;

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
  sigset_t outside_{};
  struct sigaction previous_[std::size(kSignals)]{};
};

}  // namespace nibble
