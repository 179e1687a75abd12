#include "workloads/training/dataset.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <memory>

#include "models/base/error.hpp"

namespace nibble::training {
namespace {

namespace fs = std::filesystem;

InputError wrong(const fs::path& file, const std::string& what) {
  return InputError{Problem{"DATA-FORMAT", file.string(), 0, 0, what, "not the file that was published, or cut short?"}};
}

/// The dimensions of an idx file of unsigned bytes; `bytes` keeps what follows them.
std::vector<std::uint32_t> take_idx_header(const fs::path& file, std::vector<std::uint8_t>& bytes,
                                           std::size_t dimensions) {
  constexpr std::uint8_t kUnsignedByte = 8;
  const std::size_t header = 4 + 4 * dimensions;
  if (bytes.size() < header || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != kUnsignedByte || bytes[3] != dimensions) {
    throw wrong(file, fmt::format("is no idx file of unsigned bytes in {} dimension(s)", dimensions));
  }
  std::vector<std::uint32_t> sizes;
  std::uint64_t elements = 1;
  for (std::size_t d = 0; d < dimensions; ++d) {
    std::uint32_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8U | bytes[4 + 4 * d + i];
    sizes.push_back(size);
    constexpr std::uint64_t kMostElements = std::uint64_t{1} << 40U;
    if (size == 0 || elements > kMostElements / size) throw wrong(file, "has a dimension of no sensible size");
    elements *= size;
  }
  if (bytes.size() - header != elements) {
    throw wrong(file, fmt::format("has {} bytes of values where its header says {}", bytes.size() - header, elements));
  }
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header));
  return sizes;
}

}  // namespace

std::vector<std::uint8_t> read_plain_or_gzip(const fs::path& file) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> opened{gzopen(file.c_str(), "rb"), gzclose};
  if (!opened) throw InputError{"DATA-FILE", fmt::format("{} cannot be read", file.string())};
  std::vector<std::uint8_t> bytes;
  std::array<std::uint8_t, 1U << 16> block{};
  for (int count = 0; (count = gzread(opened.get(), block.data(), block.size())) != 0;) {
    if (count < 0) throw wrong(file, "is damaged: its gzip stream does not unpack");
    bytes.insert(bytes.end(), block.begin(), block.begin() + count);
  }
  int status = Z_OK;
  gzerror(opened.get(), &status);
  if (status != Z_OK) throw wrong(file, "is cut short: its gzip stream has no end");
  return bytes;
}

ImageSet read_idx(const fs::path& images, const fs::path& labels) {
  ImageSet set;
  set.pixels = read_plain_or_gzip(images);
  const std::vector<std::uint32_t> sizes = take_idx_header(images, set.pixels, 3);
  set.channels = 1;
  set.height = sizes[1];
  set.width = sizes[2];
  set.labels = read_plain_or_gzip(labels);
  if (take_idx_header(labels, set.labels, 1).front() != sizes.front()) {
    throw wrong(labels, fmt::format("has {} labels for {} images", set.labels.size(), sizes.front()));
  }
  return set;
}

void append_cifar(const fs::path& file, ImageSet& set) {
  constexpr std::size_t kPixels = 3 * 32 * 32;
  const std::vector<std::uint8_t> bytes = read_plain_or_gzip(file);
  if (bytes.empty() || bytes.size() % (kPixels + 1) != 0) {
    throw wrong(file, fmt::format("has {} bytes, no multiple of a record's {}", bytes.size(), kPixels + 1));
  }
  set.channels = 3;
  set.height = set.width = 32;
  for (auto record = bytes.begin(); record != bytes.end(); record += kPixels + 1) {
    set.labels.push_back(*record);
    set.pixels.insert(set.pixels.end(), record + 1, record + 1 + kPixels);
  }
}

}  // namespace nibble::training
