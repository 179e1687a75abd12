#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

#include "sim/sweep/sampling.hpp"

namespace nibble {

/// NSGA-II (Deb and others, IEEE Trans. Evol. Comput. 6(2), 2002) over the cells of a design space. All objectives are
/// minimised; a point without objectives (invalid, not feasible) ranks behind all others. Equal seeds and objectives
/// give equal generations.
class Nsga2 {
 public:
  using Objectives = std::optional<std::vector<double>>;

  Nsga2(const PointNumbers& numbers, std::size_t population, std::uint64_t seed);

  /// The points to evaluate next: the first generation, then the children of the survivors. Each once.
  [[nodiscard]] std::vector<std::uint64_t> ask();
  /// What came of them; keeps the best of parents and children.
  void tell(const std::map<std::uint64_t, Objectives>& results);

 private:
  struct Individual {
    std::uint64_t point = 0;
    Objectives objectives;
    std::size_t front = 0;
    double crowding = 0;
  };

  [[nodiscard]] std::uint64_t below(std::uint64_t end) { return generator_() % end; }
  [[nodiscard]] const Individual& tournament();
  [[nodiscard]] std::uint64_t child();
  void rank();

  const PointNumbers& numbers_;
  std::size_t population_;
  std::mt19937_64 generator_;
  std::vector<Individual> parents_;
};

/// `a` is no worse in anything and better in something.
[[nodiscard]] bool dominates(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace nibble
