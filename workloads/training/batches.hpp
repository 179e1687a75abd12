#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "workloads/training/dataset.hpp"

namespace nibble::training {

struct Batch {
  torch::Tensor inputs;  ///< images [n, channels, height, width], normalised; or tokens [n, length]
  torch::Tensor labels;  ///< [n]; of tokens: those that come next, [n, length]
};

/// Mean and standard deviation of a set's pixels, 0 to 1, one a channel.
struct PixelStatistics {
  std::vector<float> mean, deviation;
};
[[nodiscard]] PixelStatistics measure_pixels(const ImageSet& set, std::size_t images);

/// What batches are picked from. Refers to the set that it was made of.
class Samples {
 public:
  virtual ~Samples() = default;
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual Batch gather(std::span<const std::uint32_t> which) const = 0;
};

/// Labelled images.
[[nodiscard]] std::unique_ptr<Samples> image_samples(const ImageSet& set, PixelStatistics statistics);
/// A text in pieces of `length` tokens that do not overlap, each with the same piece one token on.
[[nodiscard]] std::unique_ptr<Samples> text_samples(std::span<const std::uint8_t> text, std::size_t length);

/// Batches of the first `count` samples, in their order or in one that seed and epoch shuffle.
class Batches {
 public:
  Batches(std::unique_ptr<Samples> samples, std::size_t count, std::size_t batch);
  /// Order of the set as it lies; the last batch may be short.
  void in_order();
  /// Philox picks the order; nothing is carried over from epoch to epoch. The short last batch is left out.
  void shuffle(std::uint64_t seed, std::uint64_t epoch);

  [[nodiscard]] std::size_t samples() const { return used_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] Batch at(std::size_t index) const;

 private:
  std::unique_ptr<Samples> samples_;
  std::size_t used_, batch_, count_ = 0;
  std::vector<std::uint32_t> order_;
};

}  // namespace nibble::training
