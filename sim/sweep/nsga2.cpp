#include "sim/sweep/nsga2.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace nibble {
namespace {

constexpr std::uint64_t kCrossoverOneIn = 10;  // nine children in ten have two parents

bool beats(const Nsga2::Objectives& a, const Nsga2::Objectives& b) {
  if (!a || !b) return a.has_value() && !b.has_value();
  return dominates(*a, *b);
}

}  // namespace

bool dominates(const std::vector<double>& a, const std::vector<double>& b) {
  bool better = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    better = better || a[i] < b[i];
  }
  return better;
}

Nsga2::Nsga2(const PointNumbers& numbers, std::size_t population, std::uint64_t seed)
    : numbers_{numbers},
      population_{static_cast<std::size_t>(std::min<std::uint64_t>(population, numbers.count()))},
      generator_{seed} {}

std::vector<std::uint64_t> Nsga2::ask() {
  std::set<std::uint64_t> points;
  std::set<std::uint64_t> known;
  for (const Individual& parent : parents_) known.insert(parent.point);
  // A small space runs out of new points: then a generation is smaller.
  for (std::size_t tries = 0; points.size() < population_ && tries < 50 * population_; ++tries) {
    const std::uint64_t point = parents_.empty() ? below(numbers_.count()) : child();
    if (!known.contains(point)) points.insert(point);
  }
  return {points.begin(), points.end()};
}

const Nsga2::Individual& Nsga2::tournament() {
  const Individual& a = parents_[below(parents_.size())];
  const Individual& b = parents_[below(parents_.size())];
  if (a.front != b.front) return a.front < b.front ? a : b;
  return a.crowding >= b.crowding ? a : b;
}

/// Uniform crossover; then each axis moves with probability 1 / axes, half of the time to a neighbour.
std::uint64_t Nsga2::child() {
  const std::vector<std::size_t>& sizes = numbers_.sizes();
  std::vector<std::size_t> genes = numbers_.positions(tournament().point);
  const std::vector<std::size_t> other = numbers_.positions(tournament().point);
  const bool crosses = below(kCrossoverOneIn) != 0;
  for (std::size_t i = 0; i < genes.size(); ++i) {
    if (crosses && below(2) == 0) genes[i] = other[i];
    if (below(sizes.size()) != 0) continue;
    if (below(2) == 0) {
      genes[i] = below(sizes[i]);
    } else {
      genes[i] = below(2) == 0 ? std::min(genes[i] + 1, sizes[i] - 1) : genes[i] - std::min<std::size_t>(genes[i], 1);
    }
  }
  return numbers_.number(genes);
}

void Nsga2::tell(const std::map<std::uint64_t, Objectives>& results) {
  for (const auto& [point, objectives] : results) parents_.push_back({point, objectives, 0, 0});
  rank();
  std::stable_sort(parents_.begin(), parents_.end(), [](const Individual& a, const Individual& b) {
    return a.front != b.front ? a.front < b.front : a.crowding > b.crowding;
  });
  if (parents_.size() > population_) parents_.resize(population_);
}

/// Fronts by how often a point is beaten once those before it are gone; crowding by the neighbours' distance.
void Nsga2::rank() {
  std::vector<Individual*> left;
  for (Individual& individual : parents_) left.push_back(&individual);
  for (std::size_t front = 0; !left.empty(); ++front) {
    std::vector<Individual*> best, rest;
    for (Individual* one : left) {
      const bool beaten = std::any_of(left.begin(), left.end(), [&](const Individual* other) {
        return beats(other->objectives, one->objectives);
      });
      (beaten ? rest : best).push_back(one);
    }
    for (Individual* one : best) {
      one->front = front;
      one->crowding = 0;
    }
    const std::size_t objectives = best.front()->objectives ? best.front()->objectives->size() : 0;
    for (std::size_t m = 0; m < objectives; ++m) {
      std::stable_sort(best.begin(), best.end(), [m](const Individual* a, const Individual* b) {
        return (*a->objectives)[m] < (*b->objectives)[m];
      });
      const double range = (*best.back()->objectives)[m] - (*best.front()->objectives)[m];
      best.front()->crowding = best.back()->crowding = std::numeric_limits<double>::infinity();
      for (std::size_t i = 1; range > 0 && i + 1 < best.size(); ++i) {
        best[i]->crowding += ((*best[i + 1]->objectives)[m] - (*best[i - 1]->objectives)[m]) / range;
      }
    }
    left = std::move(rest);
  }
}

}  // namespace nibble
