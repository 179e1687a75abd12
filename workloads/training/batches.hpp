#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "workloads/training/dataset.hpp"

namespace nibble::training {

struct Batch {
  torch::Tensor images;  ///< [n, channels, height, width], normalised
  torch::Tensor labels;
};

/// Mean and standard deviation of a set's pixels, 0 to 1, one a channel.
struct PixelStatistics {
  std::vector<float> mean, deviation;
};
[[nodiscard]] PixelStatistics measure_pixels(const ImageSet& set, std::size_t images);

/// Batches of the first `images` of a set, in their order or in one that seed and epoch shuffle.
class Batches {
 public:
  Batches(const ImageSet& set, std::size_t images, std::size_t batch, PixelStatistics statistics);
  /// Order of the set as it lies; the last batch may be short.
  void in_order();
  /// Philox picks the order; nothing is carried over from epoch to epoch. The short last batch is left out.
  void shuffle(std::uint64_t seed, std::uint64_t epoch);

  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] Batch at(std::size_t index) const;

 private:
  const ImageSet& set_;
  std::size_t images_, batch_, count_ = 0;
  PixelStatistics statistics_;
  std::vector<std::uint32_t> order_;
};

}  // namespace nibble::training
