#include "sim/sweep/sampling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/sobol.hpp>
#include <numeric>
#include <random>
#include <set>

#include "models/base/error.hpp"

namespace nibble {
namespace {

using Generator = std::mt19937_64;

// The standard's distributions differ between libraries; these do not.
std::uint64_t below(Generator& generator, std::uint64_t end) {
  const std::uint64_t usable = Generator::max() - Generator::max() % end;
  std::uint64_t drawn = generator();
  while (drawn >= usable) drawn = generator();
  return drawn % end;
}

double unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

std::size_t position(double share, std::size_t size) {
  return std::min(size - 1, static_cast<std::size_t>(share * static_cast<double>(size)));
}

std::vector<std::uint64_t> all_points(const PointNumbers& numbers) {
  if (numbers.count() > kLargestGrid) {
    throw InputError("SWP-SIZE", fmt::format("the grid has {} points", numbers.count()),
                     fmt::format("at most {}: sample it (sampling.method: sobol, latin-hypercube, random or nsga2)",
                                 kLargestGrid));
  }
  std::vector<std::uint64_t> points(numbers.count());
  std::iota(points.begin(), points.end(), std::uint64_t{0});
  return points;
}

std::set<std::uint64_t> random_points(const PointNumbers& numbers, const SweepSampling& sampling) {
  Generator generator{sampling.seed};
  std::set<std::uint64_t> points;
  while (points.size() < sampling.points) points.insert(below(generator, numbers.count()));
  return points;
}

std::set<std::uint64_t> latin_hypercube(const PointNumbers& numbers, const SweepSampling& sampling) {
  Generator generator{sampling.seed};
  std::vector<std::vector<std::size_t>> points(sampling.points);
  for (const std::size_t size : numbers.sizes()) {
    std::vector<std::uint64_t> strata(sampling.points);
    std::iota(strata.begin(), strata.end(), std::uint64_t{0});
    for (std::size_t i = strata.size(); i > 1; --i) std::swap(strata[i - 1], strata[below(generator, i)]);
    for (std::size_t i = 0; i < points.size(); ++i) {
      const double share = (static_cast<double>(strata[i]) + unit(generator())) / static_cast<double>(points.size());
      points[i].push_back(position(share, size));
    }
  }
  std::set<std::uint64_t> found;
  for (const auto& point : points) found.insert(numbers.number(point));
  return found;
}

/// Rotated by the seed (Cranley and Patterson), which keeps the sequence's even spread.
std::set<std::uint64_t> sobol_points(const PointNumbers& numbers, const SweepSampling& sampling) {
  const std::size_t axes = numbers.sizes().size();
  Generator generator{sampling.seed};
  std::vector<double> rotation;
  for (std::size_t i = 0; i < axes; ++i) rotation.push_back(unit(generator()));
  boost::random::sobol sequence{axes};
  std::set<std::uint64_t> found;
  for (std::uint64_t i = 0; i < sampling.points; ++i) {
    std::vector<std::size_t> point;
    for (std::size_t axis = 0; axis < axes; ++axis) {
      const double share = unit(sequence()) + rotation[axis];
      point.push_back(position(share - (share >= 1 ? 1 : 0), numbers.sizes()[axis]));
    }
    found.insert(numbers.number(point));
  }
  return found;
}

}  // namespace

PointNumbers::PointNumbers(std::vector<std::size_t> sizes) : sizes_{std::move(sizes)} {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  for (const std::size_t size : sizes_) {
    if (size > kMost / count_) throw InputError("SWP-SIZE", "the design space has more than 2^62 points");
    count_ *= size;
  }
}

std::vector<std::size_t> PointNumbers::positions(std::uint64_t number) const {
  std::vector<std::size_t> positions(sizes_.size());
  for (std::size_t i = sizes_.size(); i-- > 0;) {
    positions[i] = number % sizes_[i];
    number /= sizes_[i];
  }
  return positions;
}

std::uint64_t PointNumbers::number(const std::vector<std::size_t>& positions) const {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizes_.size(); ++i) number = number * sizes_[i] + positions[i];
  return number;
}

std::vector<std::uint64_t> sample_points(const PointNumbers& numbers, const SweepSampling& sampling) {
  if (sampling.method == SweepMethod::grid || numbers.sizes().empty()) return all_points(numbers);
  if (sampling.method == SweepMethod::random && sampling.points >= numbers.count()) return all_points(numbers);
  std::set<std::uint64_t> points;
  if (sampling.method == SweepMethod::random) points = random_points(numbers, sampling);
  if (sampling.method == SweepMethod::latin_hypercube) points = latin_hypercube(numbers, sampling);
  if (sampling.method == SweepMethod::sobol) points = sobol_points(numbers, sampling);
  return {points.begin(), points.end()};
}

}  // namespace nibble
