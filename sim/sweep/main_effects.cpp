#include "sim/sweep/main_effects.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace nibble {
namespace {

constexpr int kMostRounds = 10'000;
constexpr double kSettled = 1e-12;

std::size_t count_of(const Factor& factor) {
  return factor.levels.empty() ? 0 : 1 + *std::max_element(factor.levels.begin(), factor.levels.end());
}

/// The mean of the residuals at each level, moved from them into the effects: one step of Gauss-Seidel on the normal
/// equations. Returns the largest move.
double settle(const Factor& factor, std::vector<double>& residuals, std::vector<double>& effects) {
  std::vector<double> sums(effects.size(), 0), rows(effects.size(), 0);
  for (std::size_t row = 0; row < residuals.size(); ++row) {
    sums[factor.levels[row]] += residuals[row];
    ++rows[factor.levels[row]];
  }
  double largest = 0;
  for (std::size_t level = 0; level < effects.size(); ++level) {
    if (rows[level] == 0) continue;
    sums[level] /= rows[level];
    effects[level] += sums[level];
    largest = std::max(largest, std::abs(sums[level]));
  }
  for (std::size_t row = 0; row < residuals.size(); ++row) residuals[row] -= sums[factor.levels[row]];
  return largest;
}

double sum_of_squares(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum;
}

/// Takes the factor's mean over the rows out of its effects, and gives their sum of squares over the rows.
double centre(const Factor& factor, std::vector<double>& effects) {
  double mean = 0, squares = 0;
  for (const std::size_t level : factor.levels) mean += effects[level] / static_cast<double>(factor.levels.size());
  for (double& effect : effects) effect -= mean;
  for (const std::size_t level : factor.levels) squares += effects[level] * effects[level];
  return squares;
}

}  // namespace

MainEffects main_effects(const std::vector<double>& values, const Factor& blocks, const std::vector<Factor>& factors) {
  MainEffects result;
  std::vector<double> residuals, block_means(count_of(blocks), 0);
  for (const double value : values) residuals.push_back(std::log(value));
  settle(blocks, residuals, block_means);
  const double total = sum_of_squares(residuals);
  for (const Factor& factor : factors) result.effects.emplace_back(count_of(factor), 0.0);
  for (int round = 0; round < kMostRounds; ++round) {
    double moved = settle(blocks, residuals, block_means);
    for (std::size_t i = 0; i < factors.size(); ++i) moved = std::max(moved, settle(factors[i], residuals, result.effects[i]));
    if (moved < kSettled) break;
  }
  const auto share = [&](double squares) { return total > 0 ? squares / total : 0; };
  for (std::size_t i = 0; i < factors.size(); ++i) result.shares.push_back(share(centre(factors[i], result.effects[i])));
  result.rest = share(sum_of_squares(residuals));
  return result;
}

std::vector<Factor> join_linked(const std::vector<Factor>& factors) {
  std::vector<Factor> joined;
  for (const Factor& factor : factors) {
    const auto same = std::find_if(joined.begin(), joined.end(), [&](const Factor& other) {
      std::map<std::size_t, std::size_t> there, back;
      for (std::size_t row = 0; row < factor.levels.size(); ++row) {
        const std::size_t a = other.levels[row], b = factor.levels[row];
        if (there.try_emplace(a, b).first->second != b || back.try_emplace(b, a).first->second != a) return false;
      }
      return there.size() > 1;
    });
    if (same == joined.end()) {
      joined.push_back(factor);
    } else {
      same->name += " + " + factor.name;
    }
  }
  return joined;
}

}  // namespace nibble
