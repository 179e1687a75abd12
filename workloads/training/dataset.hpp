#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nibble::training {

/// Labelled images as their files have them.
struct ImageSet {
  std::uint32_t channels = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;  ///< image by image, channel by channel, row by row
  std::vector<std::uint8_t> labels;

  [[nodiscard]] std::size_t size() const { return labels.size(); }
  [[nodiscard]] std::size_t image_size() const { return std::size_t{channels} * height * width; }
};

struct Dataset {
  std::string name;
  ImageSet train, test;
};

/// "fashion-mnist" (Debian: dataset-fashion-mnist), or a folder with MNIST's four idx files, plain or gzip, or with
/// CIFAR-10's binary batches. InputError [DATA-...] that says what is missing or wrong.
[[nodiscard]] Dataset load_dataset(const std::string& name_or_folder);

/// One pair of idx files (unsigned bytes; images of three dimensions, labels of one).
[[nodiscard]] ImageSet read_idx(const std::filesystem::path& images, const std::filesystem::path& labels);

/// Records of one label byte and 3 x 32 x 32 pixels, appended to `set`.
void append_cifar(const std::filesystem::path& file, ImageSet& set);

}  // namespace nibble::training
