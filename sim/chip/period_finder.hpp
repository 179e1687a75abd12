#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nibble {

/// PeriodFinder: finds out that what happens repeats. What happens is cut into stretches; a period is so many of them.
class PeriodFinder {
 public:
  /// Periods longer than this are not looked for.
  static constexpr std::size_t kLongest = 64;

  void reset();
  /// Something happens in the current stretch. Order counts.
  void note(std::uint64_t what) { hash_ = (std::rotl(hash_, 23) ^ what) * 0x9E3779B97F4A7C15U; }
  /// The stretch ends, the next one begins.
  void close();
  /// The fewest stretches, `least` or more, whose last two periods are equal; 0 if there are none.
  [[nodiscard]] std::size_t period(std::size_t least) const;
  /// The last period of so many stretches is equal to the one before.
  [[nodiscard]] bool repeats(std::size_t stretches) const;

 private:
  std::uint64_t hash_ = 0;
  std::vector<std::uint64_t> stretches_;
};

}  // namespace nibble
