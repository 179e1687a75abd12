#pragma once

#include <cstdint>
#include <vector>

#include "models/base/units.hpp"
#include "workloads/lowering/step.hpp"

namespace nibble {

/// Half-open range of whole numbers.
struct Span {
  std::uint64_t begin = 0, end = 0;
  [[nodiscard]] std::uint64_t size() const { return end - begin; }
  bool operator==(const Span&) const = default;
};

/// `total` in `parts` contiguous spans whose sizes differ by at most one; the larger ones come first.
[[nodiscard]] Span balanced_part(std::uint64_t total, std::uint64_t parts, std::uint64_t part);

/// The extents of consecutive tiles of `tile` that cover `total`; the last one takes the rest.
[[nodiscard]] std::vector<std::uint64_t> cut(std::uint64_t total, std::uint64_t tile);

/// round(total * part / whole) as exact integers: down, or up. whole > 0.
[[nodiscard]] std::uint64_t scale_down(std::uint64_t total, std::uint64_t part, std::uint64_t whole);
[[nodiscard]] std::uint64_t scale_up(std::uint64_t total, std::uint64_t part, std::uint64_t whole);

/// How the output pixels are cut into tiles: whole samples when rows > rows of a sample (then a multiple of
/// them), else rows of one sample; columns < columns of a row only when rows == 1.
struct PixelCut {
  std::uint64_t rows = 1;
  std::uint64_t columns = 1;
  bool operator==(const PixelCut&) const = default;
};

/// A tile of output pixels and the input pixels that it needs, halo included, clipped at the image.
struct PixelTile {
  std::uint64_t pixels = 0;
  std::uint64_t input_pixels = 0;
  bool operator==(const PixelTile&) const = default;
};

/// All tiles of a span without listing them.
struct PixelSummary {
  std::uint64_t tiles = 0;
  std::uint64_t pixels = 0;
  std::uint64_t input_pixels = 0;  ///< summed over tiles: rows in the halo of two tiles count twice
  PixelTile largest;               ///< element-wise maximum
};

/// The axis of a GEMM that runs over samples, then rows, then columns: m in fwd and dgrad, k in wgrad.
///
/// A convolution's output pixel needs a window of input pixels; rows of a plain matrix need themselves.
class PixelAxis {
 public:
  /// Output pixels of a convolution.
  explicit PixelAxis(const ConvGeometry& geometry);
  /// Rows of a plain matrix, `samples` times.
  PixelAxis(std::uint64_t samples, std::uint64_t rows);

  [[nodiscard]] std::uint64_t samples() const { return geometry_.batch; }
  [[nodiscard]] std::uint64_t rows() const { return geometry_.out_height; }        ///< of one sample
  [[nodiscard]] std::uint64_t columns() const { return geometry_.out_width; }
  [[nodiscard]] std::uint64_t all_rows() const { return samples() * rows(); }
  [[nodiscard]] std::uint64_t pixels() const { return all_rows() * columns(); }
  /// Input pixels that some output pixel needs, each once.
  [[nodiscard]] std::uint64_t input_pixels() const { return samples() * input_pixels_per_sample_; }

  /// Input rows (columns) of one sample that its output rows (columns) `span` need, each once.
  [[nodiscard]] std::uint64_t input_rows(Span span) const;
  [[nodiscard]] std::uint64_t input_columns(Span span) const;

  [[nodiscard]] std::uint64_t input_height() const { return geometry_.in_height; }
  /// The first to the last input row of one sample that its output rows `span` need.
  [[nodiscard]] Span input_span(Span span) const;

  /// The rows (of all samples in a row) that part `part` of `parts` gets: whole samples where there are enough.
  [[nodiscard]] Span split(std::uint64_t parts, std::uint64_t part) const;

  /// The tiles of `rows`, in order. A tile never crosses from one sample into a part of the next.
  [[nodiscard]] std::vector<PixelTile> tiles(Span rows, PixelCut cut) const;
  [[nodiscard]] PixelSummary summary(Span rows, PixelCut cut) const;

 private:
  [[nodiscard]] bool whole_samples(Span rows) const;
  void append_sample_tiles(Span rows, PixelCut cut, std::vector<PixelTile>& tiles) const;
  void add_sample_tiles(Span rows, PixelCut cut, std::uint64_t repeat, PixelSummary& sum) const;

  ConvGeometry geometry_;
  std::uint64_t input_pixels_per_sample_ = 0;
};

}  // namespace nibble
