#include "workloads/training/batches.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "models/formats/random.hpp"

namespace nibble::training {

PixelStatistics measure_pixels(const ImageSet& set, std::size_t images) {
  constexpr double kWhite = 255.0;
  const std::size_t area = std::size_t{set.height} * set.width;
  PixelStatistics statistics;
  for (std::size_t channel = 0; channel < set.channels; ++channel) {
    std::uint64_t sum = 0, squares = 0;
    for (std::size_t image = 0; image < images; ++image) {
      const std::uint8_t* pixels = set.pixels.data() + image * set.image_size() + channel * area;
      for (std::size_t i = 0; i < area; ++i) {
        sum += pixels[i];
        squares += std::uint64_t{pixels[i]} * pixels[i];
      }
    }
    const double count = static_cast<double>(images * area);
    const double mean = static_cast<double>(sum) / count;
    const double variance = static_cast<double>(squares) / count - mean * mean;
    statistics.mean.push_back(static_cast<float>(mean / kWhite));
    statistics.deviation.push_back(variance > 0 ? static_cast<float>(std::sqrt(variance) / kWhite) : 1.0F);
  }
  return statistics;
}

Batches::Batches(const ImageSet& set, std::size_t images, std::size_t batch, PixelStatistics statistics)
    : set_{set}, images_{images}, batch_{batch}, statistics_{std::move(statistics)} {
  in_order();
}

void Batches::in_order() {
  order_.resize(images_);
  std::iota(order_.begin(), order_.end(), 0U);
  count_ = (images_ + batch_ - 1) / batch_;
}

void Batches::shuffle(std::uint64_t seed, std::uint64_t epoch) {
  in_order();
  const RandomBits random{seed, epoch};
  for (std::size_t i = images_; i > 1; --i) {
    const std::size_t other = (std::uint64_t{random.at(i)} * i) >> 32U;
    std::swap(order_[i - 1], order_[other]);
  }
  count_ = images_ / batch_;
}

Batch Batches::at(std::size_t index) const {
  const std::size_t begin = index * batch_, end = std::min(begin + batch_, images_);
  const auto n = static_cast<std::int64_t>(end - begin);
  Batch batch;
  batch.images = torch::empty({n, set_.channels, set_.height, set_.width});
  batch.labels = torch::empty({n}, torch::kInt64);
  float* pixel = batch.images.data_ptr<float>();
  auto* label = batch.labels.data_ptr<std::int64_t>();
  const std::size_t area = std::size_t{set_.height} * set_.width;
  for (std::size_t i = begin; i < end; ++i) {
    *label++ = set_.labels[order_[i]];
    const std::uint8_t* from = set_.pixels.data() + order_[i] * set_.image_size();
    for (std::size_t channel = 0; channel < set_.channels; ++channel) {
      const float mean = statistics_.mean[channel], deviation = statistics_.deviation[channel];
      for (std::size_t j = 0; j < area; ++j) *pixel++ = (static_cast<float>(*from++) / 255.0F - mean) / deviation;
    }
  }
  return batch;
}

}  // namespace nibble::training
