#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace nibble {

/// What an array does, or waits for: the columns of ArrayCycles.
enum class ArrayState : std::uint8_t { compute, fill_drain, memory, ring, l1, vector, sync };
inline constexpr std::size_t kArrayStates = 7;

/// A stretch of time with its cause, in kernel cycles.
struct Interval {
  ArrayState state = ArrayState::sync;
  std::uint64_t begin = 0, end = 0;
};

/// The history of one array: every cycle since start_at() is booked to exactly one state.
class StateLedger {
 public:
  using Counts = std::array<std::uint64_t, kArrayStates>;  ///< cycles by state

  void start_at(std::uint64_t cycle) {
    counts_.fill(0);
    booked_until_ = cycle;
  }
  /// Books what is not yet booked of [begin, end); later calls never reach back.
  void book(ArrayState state, std::uint64_t begin, std::uint64_t end) {
    const std::uint64_t from = std::max(begin, booked_until_);
    if (end <= from) return;
    if (from > booked_until_) add(ArrayState::sync, booked_until_, from);
    add(state, from, end);
    booked_until_ = end;
  }
  /// Books everything up to `end` that no call has named.
  void close(std::uint64_t end) { book(ArrayState::sync, booked_until_, end); }

  /// Called for each stretch that is booked, in order.
  using Observer = std::function<void(ArrayState state, std::uint64_t begin, std::uint64_t end)>;
  void observe(Observer observer) { observer_ = std::move(observer); }

  /// Cycles that passed outside of the kernel's time.
  void add(const Counts& skipped) {
    for (std::size_t i = 0; i < kArrayStates; ++i) counts_[i] += skipped[i];
  }
  [[nodiscard]] const Counts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t booked_until() const { return booked_until_; }
  [[nodiscard]] std::uint64_t count(ArrayState state) const { return counts_[static_cast<std::size_t>(state)]; }

 private:
  void add(ArrayState state, std::uint64_t begin, std::uint64_t end) {
    counts_[static_cast<std::size_t>(state)] += end - begin;
    if (observer_) observer_(state, begin, end);
  }

  Counts counts_{};
  std::uint64_t booked_until_ = 0;
  Observer observer_;
};

using WaitLog = std::vector<Interval>;

/// Waiting for the vector units is waiting for what they waited for: replaces the parts of `log`'s vector intervals in
/// which `vector_waits` (in order of time) say that the vector units themselves were held up.
inline void blame_upstream(WaitLog& log, const WaitLog& vector_waits) {
  WaitLog refined;
  for (const Interval& waited : log) {
    std::uint64_t from = waited.begin;
    if (waited.state == ArrayState::vector) {
      for (const Interval& cause : vector_waits) {
        const std::uint64_t begin = std::max(from, cause.begin), end = std::min(waited.end, cause.end);
        if (end <= begin) continue;
        if (begin > from) refined.push_back({ArrayState::vector, from, begin});
        refined.push_back({cause.state, begin, end});
        from = end;
      }
    }
    if (waited.end > from) refined.push_back({waited.state, from, waited.end});
  }
  log = std::move(refined);
}

}  // namespace nibble
