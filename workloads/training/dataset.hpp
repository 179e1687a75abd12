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

/// A text, to be learned byte by byte: a token is a byte.
struct Text {
  std::vector<std::uint8_t> train, test;
};

/// Either images or a text.
struct Dataset {
  std::string name;
  ImageSet train, test;
  Text text = {};

  [[nodiscard]] bool is_text() const { return !text.train.empty(); }
};

/// A name that scripts/fetch_data.sh knows (fashion-mnist is also found where Debian's package puts it); a folder with
/// MNIST's four idx files, plain or gzip, with CIFAR-10's binary batches, or with text.txt; or a text file, of which
/// the last tenth becomes the test set. InputError [DATA-...] that says what is missing or wrong.
[[nodiscard]] Dataset load_dataset(const std::string& name_or_path);

/// Where scripts/fetch_data.sh puts data sets: $NIBBLE_DATASETS, else nibble/data in $XDG_CACHE_HOME or ~/.cache.
[[nodiscard]] std::filesystem::path fetched_sets();

/// All bytes of a file, unpacked if it is gzip.
[[nodiscard]] std::vector<std::uint8_t> read_plain_or_gzip(const std::filesystem::path& file);

/// One pair of idx files (unsigned bytes; images of three dimensions, labels of one).
[[nodiscard]] ImageSet read_idx(const std::filesystem::path& images, const std::filesystem::path& labels);

/// Records of one label byte and 3 x 32 x 32 pixels, appended to `set`.
void append_cifar(const std::filesystem::path& file, ImageSet& set);

}  // namespace nibble::training
