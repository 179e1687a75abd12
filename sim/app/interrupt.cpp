#include "sim/app/interrupt.hpp"

#include <iterator>

namespace nibble {
namespace {

volatile std::sig_atomic_t noted_signal = 0;

void note(int signal) { noted_signal = signal; }

}  // namespace

void Interrupted::raise_again() const {
  std::signal(signal_, SIG_DFL);
  std::raise(signal_);
}

InterruptGuard::InterruptGuard() {
  noted_signal = 0;
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int signal : kSignals) sigaddset(&blocked, signal);
  pthread_sigmask(SIG_BLOCK, &blocked, &outside_);
  struct sigaction noting {};
  noting.sa_handler = note;
  sigemptyset(&noting.sa_mask);
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], nullptr, &previous_[i]);
    // What the caller has chosen to ignore (nohup) stays ignored.
    if (previous_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &noting, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &previous_[i], nullptr);
  pthread_sigmask(SIG_SETMASK, &outside_, nullptr);
}

void InterruptGuard::check() const {
  if (noted_signal != 0) throw Interrupted{noted_signal};
}

void InterruptGuard::release_in_child() const {
  for (std::size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &previous_[i], nullptr);
  pthread_sigmask(SIG_SETMASK, &outside_, nullptr);
}

}  // namespace nibble
