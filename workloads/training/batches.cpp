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

namespace {

class ImageSamples : public Samples {
 public:
  ImageSamples(const ImageSet& set, PixelStatistics statistics) : set_{set}, statistics_{std::move(statistics)} {}

  [[nodiscard]] std::size_t size() const override { return set_.size(); }

  [[nodiscard]] Batch gather(std::span<const std::uint32_t> which) const override {
    const auto n = static_cast<std::int64_t>(which.size());
    Batch batch{torch::empty({n, set_.channels, set_.height, set_.width}), torch::empty({n}, torch::kInt64)};
    float* pixel = batch.inputs.data_ptr<float>();
    auto* label = batch.labels.data_ptr<std::int64_t>();
    const std::size_t area = std::size_t{set_.height} * set_.width;
    for (const std::uint32_t image : which) {
      *label++ = set_.labels[image];
      const std::uint8_t* from = set_.pixels.data() + image * set_.image_size();
      for (std::size_t channel = 0; channel < set_.channels; ++channel) {
        const float mean = statistics_.mean[channel], deviation = statistics_.deviation[channel];
        for (std::size_t j = 0; j < area; ++j) *pixel++ = (static_cast<float>(*from++) / 255.0F - mean) / deviation;
      }
    }
    return batch;
  }

 private:
  const ImageSet& set_;
  PixelStatistics statistics_;
};

class TextSamples : public Samples {
 public:
  TextSamples(std::span<const std::uint8_t> text, std::size_t length) : text_{text}, length_{length} {}

  /// The last piece's labels end with the text.
  [[nodiscard]] std::size_t size() const override { return text_.empty() ? 0 : (text_.size() - 1) / length_; }

  [[nodiscard]] Batch gather(std::span<const std::uint32_t> which) const override {
    const at::IntArrayRef::value_type sizes[] = {static_cast<std::int64_t>(which.size()), static_cast<std::int64_t>(length_)};
    Batch batch{torch::empty(sizes, torch::kInt64), torch::empty(sizes, torch::kInt64)};
    auto* input = batch.inputs.data_ptr<std::int64_t>();
    auto* label = batch.labels.data_ptr<std::int64_t>();
    for (const std::uint32_t piece : which) {
      const auto from = text_.subspan(piece * length_, length_ + 1);
      input = std::copy(from.begin(), from.end() - 1, input);
      label = std::copy(from.begin() + 1, from.end(), label);
    }
    return batch;
  }

 private:
  std::span<const std::uint8_t> text_;
  std::size_t length_;
};

}  // namespace

std::unique_ptr<Samples> image_samples(const ImageSet& set, PixelStatistics statistics) {
  return std::make_unique<ImageSamples>(set, std::move(statistics));
}

std::unique_ptr<Samples> text_samples(std::span<const std::uint8_t> text, std::size_t length) {
  return std::make_unique<TextSamples>(text, length);
}

Batches::Batches(std::unique_ptr<Samples> samples, std::size_t count, std::size_t batch)
    : samples_{std::move(samples)}, used_{count}, batch_{batch} {
  in_order();
}

void Batches::in_order() {
  order_.resize(used_);
  std::iota(order_.begin(), order_.end(), 0U);
  count_ = (used_ + batch_ - 1) / batch_;
}

void Batches::shuffle(std::uint64_t seed, std::uint64_t epoch) {
  in_order();
  const RandomBits random{seed, epoch};
  for (std::size_t i = used_; i > 1; --i) {
    const std::size_t other = (std::uint64_t{random.at(i)} * i) >> 32U;
    std::swap(order_[i - 1], order_[other]);
  }
  count_ = used_ / batch_;
}

Batch Batches::at(std::size_t index) const {
  const std::size_t begin = index * batch_, end = std::min(begin + batch_, used_);
  return samples_->gather(std::span{order_}.subspan(begin, end - begin));
}

}  // namespace nibble::training
