#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "models/config/sweep.hpp"

namespace nibble {

/// Points of a design space are numbered like the cells of a table, the last axis fastest: a point is its number,
/// however it was found.
class PointNumbers {
 public:
  /// `sizes`: values of each axis. InputError [SWP-SIZE] when the space has more than 2^62 points.
  explicit PointNumbers(std::vector<std::size_t> sizes);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] const std::vector<std::size_t>& sizes() const { return sizes_; }
  [[nodiscard]] std::vector<std::size_t> positions(std::uint64_t number) const;
  [[nodiscard]] std::uint64_t number(const std::vector<std::size_t>& positions) const;

 private:
  std::vector<std::size_t> sizes_;
  std::uint64_t count_ = 1;
};

/// The points of a grid, or those that random numbers, a Latin hypercube or a Sobol sequence draw: ascending, each once
/// (a Latin hypercube or Sobol sequence that meets a point twice gives fewer). The same seed gives the same points.
/// InputError [SWP-SIZE] for a grid of more than kLargestGrid points. Not for nsga2, which finds its points on the way.
[[nodiscard]] std::vector<std::uint64_t> sample_points(const PointNumbers& numbers, const SweepSampling& sampling);

inline constexpr std::uint64_t kLargestGrid = 10'000'000;

}  // namespace nibble
