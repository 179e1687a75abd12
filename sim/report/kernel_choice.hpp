#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace nibble {

/// Some kernels of a run: numbers as they run, from 1 ("7"), ranges of them ("1-40"), names of layers ("layer1.0.conv1":
/// all its passes). Nothing chosen means all of them.
class KernelChoice {
 public:
  KernelChoice() = default;
  /// InputError [TRC-RANGE] for a number or range that no kernel can have.
  explicit KernelChoice(const std::vector<std::string>& words);

  [[nodiscard]] bool all() const { return ranges_.empty() && layers_.empty(); }
  [[nodiscard]] bool contains(std::size_t number, const std::string& layer) const;

 private:
  std::vector<std::pair<std::size_t, std::size_t>> ranges_;  ///< first and last
  std::vector<std::string> layers_;
};

}  // namespace nibble
