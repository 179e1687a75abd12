#include "sim/mapper/conv_tiles.hpp"

#include <algorithm>

#include "models/base/check.hpp"

namespace nibble {

namespace {

__extension__ using Wide = unsigned __int128;  // products of two 64-bit counts

/// Distinct input positions in [0, extent) that outputs `span` of one axis touch.
std::uint64_t touched(Span span, std::uint64_t extent, std::uint64_t kernel, std::uint64_t stride,
                      std::uint64_t padding, std::uint64_t dilation) {
  if (span.size() == 0) return 0;
  if (dilation == 1 && stride <= kernel) {  // windows overlap or touch: one contiguous range
    const std::uint64_t first = span.begin * stride;
    const std::uint64_t last = (span.end - 1) * stride + kernel;  // one past the end
    const std::uint64_t low = first > padding ? first - padding : 0;
    const std::uint64_t high = std::min(extent, last > padding ? last - padding : 0);
    return high > low ? high - low : 0;
  }
  std::vector<bool> seen(extent, false);
  std::uint64_t count = 0;
  for (std::uint64_t output = span.begin; output < span.end; ++output) {
    for (std::uint64_t tap = 0; tap < kernel; ++tap) {
      const std::uint64_t padded = output * stride + tap * dilation;
      if (padded < padding || padded - padding >= extent || seen[padded - padding]) continue;
      seen[padded - padding] = true;
      ++count;
    }
  }
  return count;
}

/// One axis of a sample in consecutive pieces.
struct Pieces {
  std::uint64_t count = 0, largest = 0;
  std::uint64_t inputs = 0, most_inputs = 0;  ///< input positions that they need: all, halos twice; the most of any
};

template <class Needed>
Pieces pieces(Span span, std::uint64_t size, const Needed& needed) {
  Pieces all;
  for (std::uint64_t begin = span.begin; begin < span.end; begin += size) {
    const Span piece{begin, std::min(span.end, begin + size)};
    const std::uint64_t inputs = needed(piece);
    ++all.count;
    all.largest = std::max(all.largest, piece.size());
    all.inputs += inputs;
    all.most_inputs = std::max(all.most_inputs, inputs);
  }
  return all;
}

}  // namespace

Span balanced_part(std::uint64_t total, std::uint64_t parts, std::uint64_t part) {
  const std::uint64_t base = total / parts;
  const std::uint64_t larger = total % parts;
  const std::uint64_t begin = part * base + std::min(part, larger);
  return {begin, begin + base + (part < larger ? 1 : 0)};
}

std::vector<std::uint64_t> cut(std::uint64_t total, std::uint64_t tile) {
  std::vector<std::uint64_t> extents(total / tile, tile);
  if (total % tile != 0) extents.push_back(total % tile);
  return extents;
}

std::uint64_t scale_down(std::uint64_t total, std::uint64_t part, std::uint64_t whole) {
  std::uint64_t product = 0;
  if (!__builtin_mul_overflow(total, part, &product)) return product / whole;
  return static_cast<std::uint64_t>(Wide{total} * part / whole);
}

std::uint64_t scale_up(std::uint64_t total, std::uint64_t part, std::uint64_t whole) {
  std::uint64_t product = 0;  // divided in a fraction of the time where 64 bits hold it
  if (!__builtin_mul_overflow(total, part, &product)) return product / whole + (product % whole != 0 ? 1 : 0);
  return static_cast<std::uint64_t>((Wide{total} * part + whole - 1) / whole);
}

PixelAxis::PixelAxis(const ConvGeometry& geometry) : geometry_{geometry} {
  NIBBLE_CHECK(geometry.batch > 0 && geometry.out_height > 0 && geometry.out_width > 0,
               "empty convolution: batch {}, output {} x {}", geometry.batch, geometry.out_height,
               geometry.out_width);
  input_pixels_per_sample_ = input_rows({0, rows()}) * input_columns({0, columns()});
}

PixelAxis::PixelAxis(std::uint64_t samples, std::uint64_t rows)
    : PixelAxis{ConvGeometry{.batch = samples,
                             .in_channels = 1,
                             .in_height = rows,
                             .in_width = 1,
                             .out_height = rows,
                             .out_width = 1,
                             .window = {}}} {}

// A tile that lies in the padding alone still moves one row: a transfer is never empty.
std::uint64_t PixelAxis::input_rows(Span span) const {
  const Window& window = geometry_.window;
  return std::max<std::uint64_t>(1, touched(span, geometry_.in_height, window.kernel[0], window.stride[0],
                                            window.padding[0], window.dilation[0]));
}

std::uint64_t PixelAxis::input_columns(Span span) const {
  const Window& window = geometry_.window;
  return std::max<std::uint64_t>(1, touched(span, geometry_.in_width, window.kernel[1], window.stride[1],
                                            window.padding[1], window.dilation[1]));
}

Span PixelAxis::input_span(Span span) const {
  const Window& window = geometry_.window;
  const std::uint64_t padding = window.padding[0];
  const std::uint64_t first = span.begin * window.stride[0];
  const std::uint64_t last = (span.end - 1) * window.stride[0] + (window.kernel[0] - 1) * window.dilation[0] + 1;
  const std::uint64_t end = std::min(geometry_.in_height, last > padding ? last - padding : 0);
  return {std::min(end, first > padding ? first - padding : 0), end};
}

Span PixelAxis::split(std::uint64_t parts, std::uint64_t part) const {
  if (parts > samples()) return balanced_part(all_rows(), parts, part);
  const Span whole = balanced_part(samples(), parts, part);
  return {whole.begin * rows(), whole.end * rows()};
}

bool PixelAxis::whole_samples(Span span) const { return span.begin % rows() == 0 && span.end % rows() == 0; }

void PixelAxis::append_sample_tiles(Span span, PixelCut cut_size, std::vector<PixelTile>& tiles) const {
  for (std::uint64_t row = span.begin; row < span.end; row += cut_size.rows) {
    const Span tile_rows{row, std::min(span.end, row + cut_size.rows)};
    const std::uint64_t needed_rows = input_rows(tile_rows);
    for (std::uint64_t column = 0; column < columns(); column += cut_size.columns) {
      const Span tile_columns{column, std::min(columns(), column + cut_size.columns)};
      tiles.push_back({tile_rows.size() * tile_columns.size(), needed_rows * input_columns(tile_columns)});
    }
  }
}

std::vector<PixelTile> PixelAxis::tiles(Span span, PixelCut cut_size) const {
  std::vector<PixelTile> tiles;
  if (cut_size.rows > rows() && whole_samples(span)) {
    for (const std::uint64_t count : cut(span.size() / rows(), cut_size.rows / rows())) {
      tiles.push_back({count * rows() * columns(), count * input_pixels_per_sample_});
    }
    return tiles;
  }
  for (std::uint64_t row = span.begin; row < span.end;) {
    const std::uint64_t sample = row / rows() * rows();
    const std::uint64_t end = std::min(span.end, sample + rows());
    append_sample_tiles({row - sample, end - sample}, cut_size, tiles);
    row = end;
  }
  return tiles;
}

void PixelAxis::add_sample_tiles(Span span, PixelCut cut_size, std::uint64_t repeat, PixelSummary& sum) const {
  // Every piece of rows meets every piece of columns: sums and maxima multiply.
  const Pieces down = pieces(span, cut_size.rows, [&](Span rows) { return input_rows(rows); });
  const Pieces across = pieces({0, columns()}, cut_size.columns, [&](Span part) { return input_columns(part); });
  sum.tiles += repeat * down.count * across.count;
  sum.pixels += repeat * span.size() * columns();
  sum.input_pixels += repeat * down.inputs * across.inputs;
  sum.largest.pixels = std::max(sum.largest.pixels, down.largest * across.largest);
  sum.largest.input_pixels = std::max(sum.largest.input_pixels, down.most_inputs * across.most_inputs);
}

PixelSummary PixelAxis::summary(Span span, PixelCut cut_size) const {
  PixelSummary sum;
  if (cut_size.rows > rows() && whole_samples(span)) {
    for (const PixelTile& tile : tiles(span, cut_size)) {
      ++sum.tiles;
      sum.pixels += tile.pixels;
      sum.input_pixels += tile.input_pixels;
      sum.largest.pixels = std::max(sum.largest.pixels, tile.pixels);
      sum.largest.input_pixels = std::max(sum.largest.input_pixels, tile.input_pixels);
    }
    return sum;
  }
  if (whole_samples(span)) {  // all alike: one of them stands for all
    add_sample_tiles({0, rows()}, cut_size, span.size() / rows(), sum);
    return sum;
  }
  for (std::uint64_t row = span.begin; row < span.end;) {
    const std::uint64_t sample = row / rows() * rows();
    const std::uint64_t end = std::min(span.end, sample + rows());
    add_sample_tiles({row - sample, end - sample}, cut_size, 1, sum);
    row = end;
  }
  return sum;
}

}  // namespace nibble
