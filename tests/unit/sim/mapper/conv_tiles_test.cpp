// Proves: tiles of output pixels cover each pixel once; their input bytes are those of the pixels that a brute-force walk
// over every tap touches; summaries equal the lists; shares add up exactly.
#include "sim/mapper/conv_tiles.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>
#include <utility>

#include "sim/mapper/prorata.hpp"
#include "tests/unit/sim/mapper/small_steps.hpp"

namespace nibble {
namespace {

using test::Conv;
using test::geometry_of;

ConvGeometry geometry(std::uint64_t batch, std::uint64_t height, std::uint64_t width, Window window) {
  ConvGeometry g;
  g.batch = batch;
  g.in_channels = 1;
  g.in_height = height;
  g.in_width = width;
  const auto out = [&](std::uint64_t in, int axis) {
    return (in + 2 * window.padding[axis] - window.dilation[axis] * (window.kernel[axis] - 1) - 1) /
               window.stride[axis] + 1;
  };
  g.out_height = out(height, 0);
  g.out_width = out(width, 1);
  g.window = window;
  return g;
}

/// Every input pixel that an output pixel of the given rows and columns of one image multiplies.
std::uint64_t touched_pixels(const ConvGeometry& g, Span rows, Span columns) {
  std::set<std::pair<std::int64_t, std::int64_t>> seen;
  const auto position = [&](std::uint64_t out, std::uint64_t tap, int axis) {
    return static_cast<std::int64_t>(out * g.window.stride[axis] + tap * g.window.dilation[axis]) -
           static_cast<std::int64_t>(g.window.padding[axis]);
  };
  for (std::uint64_t row = rows.begin; row < rows.end; ++row) {
    for (std::uint64_t column = columns.begin; column < columns.end; ++column) {
      for (std::uint64_t r = 0; r < g.window.kernel[0]; ++r) {
        for (std::uint64_t c = 0; c < g.window.kernel[1]; ++c) {
          const std::int64_t y = position(row, r, 0), x = position(column, c, 1);
          if (y < 0 || x < 0 || y >= static_cast<std::int64_t>(g.in_height) ||
              x >= static_cast<std::int64_t>(g.in_width)) {
            continue;
          }
          seen.insert({y, x});
        }
      }
    }
  }
  return seen.size();
}

std::vector<ConvGeometry> geometries() {
  return {
      geometry(2, 9, 11, {{3, 3}, {1, 1}, {1, 1}, {1, 1}}),   // halo of one
      geometry(1, 15, 13, {{7, 5}, {2, 2}, {3, 2}, {1, 1}}),  // first layer of a ResNet
      geometry(3, 8, 8, {{1, 1}, {2, 2}, {0, 0}, {1, 1}}),    // strided shortcut: every other pixel is never read
      geometry(1, 12, 10, {{3, 3}, {1, 1}, {2, 2}, {2, 2}}),  // dilated
      geometry(1, 11, 11, {{3, 2}, {3, 1}, {0, 0}, {1, 1}}),  // windows touch, ends are left over
      geometry(2, 5, 5, {{5, 5}, {1, 1}, {0, 0}, {1, 1}}),    // one output pixel
  };
}

TEST(PixelAxis, InputOfEveryTileIsWhatItsWindowsTouch) {
  for (const ConvGeometry& g : geometries()) {
    const PixelAxis axis{g};
    for (std::uint64_t begin = 0; begin < g.out_height; ++begin) {
      for (std::uint64_t end = begin + 1; end <= g.out_height; ++end) {
        for (const Span columns : {Span{0, g.out_width}, Span{g.out_width / 2, g.out_width}}) {
          const std::uint64_t expected = touched_pixels(g, {begin, end}, columns);
          EXPECT_EQ(axis.input_rows({begin, end}) * axis.input_columns(columns), expected)
              << "rows " << begin << " to " << end << " of " << g.out_height;
        }
      }
    }
    EXPECT_EQ(axis.input_pixels(), g.batch * touched_pixels(g, {0, g.out_height}, {0, g.out_width}));
  }
}

TEST(PixelAxis, TilesCoverEveryPixelOfEveryPartOnce) {
  for (const ConvGeometry& g : geometries()) {
    const PixelAxis axis{g};
    for (std::uint64_t parts = 1; parts <= std::min<std::uint64_t>(5, axis.all_rows()); ++parts) {
      for (const PixelCut cut_size : {PixelCut{2 * g.out_height, g.out_width}, PixelCut{g.out_height, g.out_width},
                                      PixelCut{2, g.out_width}, PixelCut{1, 2}}) {
        std::uint64_t pixels = 0, next_row = 0;
        for (std::uint64_t part = 0; part < parts; ++part) {
          const Span rows = axis.split(parts, part);
          EXPECT_EQ(rows.begin, next_row);
          next_row = rows.end;
          for (const PixelTile& tile : axis.tiles(rows, cut_size)) pixels += tile.pixels;
        }
        EXPECT_EQ(next_row, axis.all_rows());
        EXPECT_EQ(pixels, axis.pixels());
      }
    }
  }
}

TEST(PixelAxis, PartsAreWholeSamplesWhereThereAreEnough) {
  const PixelAxis axis{geometry_of({.batch = 6, .size = 7})};
  for (std::uint64_t part = 0; part < 4; ++part) {
    const Span rows = axis.split(4, part);
    EXPECT_EQ(rows.begin % 7, 0u);
    EXPECT_EQ(rows.end % 7, 0u);
    EXPECT_EQ(rows.size(), part < 2 ? 14u : 7u);
  }
}

TEST(PixelAxis, SummaryIsTheSumOfTheTiles) {
  for (const ConvGeometry& g : geometries()) {
    const PixelAxis axis{g};
    for (const PixelCut cut_size :
         {PixelCut{2 * g.out_height, g.out_width}, PixelCut{g.out_height, g.out_width}, PixelCut{3, g.out_width},
          PixelCut{1, 3}}) {
      for (const Span rows : {Span{0, axis.all_rows()}, axis.split(2, 0), Span{0, 1}}) {
        const PixelSummary summary = axis.summary(rows, cut_size);
        PixelSummary expected;
        for (const PixelTile& tile : axis.tiles(rows, cut_size)) {
          ++expected.tiles;
          expected.pixels += tile.pixels;
          expected.input_pixels += tile.input_pixels;
          expected.largest.pixels = std::max(expected.largest.pixels, tile.pixels);
          expected.largest.input_pixels = std::max(expected.largest.input_pixels, tile.input_pixels);
        }
        EXPECT_EQ(summary.tiles, expected.tiles);
        EXPECT_EQ(summary.pixels, expected.pixels);
        EXPECT_EQ(summary.input_pixels, expected.input_pixels);
        EXPECT_EQ(summary.largest, expected.largest);
      }
    }
  }
}

// ResNet-50's conv1: 112 x 112 outputs of a 7 x 7 window, stride 2, padding 3, over 224 x 224.
TEST(PixelAxis, HaloOfTheFirstResNetLayer) {
  const PixelAxis axis{geometry_of({.batch = 1, .in_channels = 3, .size = 224, .kernel = 7, .stride = 2, .padding = 3})};
  ASSERT_EQ(axis.rows(), 112u);
  EXPECT_EQ(axis.input_rows({0, 56}), 114u);    // rows 0 to 113: the last window ends at 2 * 55 - 3 + 6
  EXPECT_EQ(axis.input_rows({56, 112}), 115u);  // rows 109 to 223
  EXPECT_EQ(axis.input_rows({0, 112}), 224u);
}

TEST(PixelAxis, RowsOfAMatrixNeedThemselves) {
  const PixelAxis axis{4, 10};
  const PixelSummary summary = axis.summary({0, 40}, {3, 1});
  EXPECT_EQ(summary.tiles, 16u);  // a tile never spans two samples: 3 + 3 + 3 + 1
  EXPECT_EQ(summary.input_pixels, 40u);
}

TEST(BalancedPart, SizesDifferByAtMostOne) {
  for (std::uint64_t total : {0u, 1u, 7u, 64u, 65u}) {
    for (std::uint64_t parts : {1u, 3u, 4u, 32u}) {
      std::uint64_t next = 0;
      for (std::uint64_t part = 0; part < parts; ++part) {
        const Span span = balanced_part(total, parts, part);
        EXPECT_EQ(span.begin, next);
        EXPECT_LE(span.size(), total / parts + 1);
        EXPECT_GE(span.size(), total / parts);
        next = span.end;
      }
      EXPECT_EQ(next, total);
    }
  }
}

TEST(Scale, RoundsTheExactQuotientEvenWhereTheProductNeedsMoreThan64Bits) {
  const std::uint64_t large = std::uint64_t{1} << 62;
  EXPECT_EQ(scale_down(large, large - 1, large), large - 1);
  EXPECT_EQ(scale_up(large + 1, 1, 2), large / 2 + 1);
  EXPECT_EQ(scale_down(10, 1, 3), 3u);
  EXPECT_EQ(scale_up(10, 1, 3), 4u);
}

TEST(ProRata, SharesAddUpExactlyAndNoneIsMoreThanItsPartRoundedUp) {
  const std::vector<std::uint64_t> weights = {5, 1, 1, 9, 3, 1000, 2};
  const std::uint64_t all = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  for (const std::uint64_t total : {0u, 1u, 100u, 1021u, 99999u}) {
    ProRata shares{total, all};
    std::uint64_t sum = 0;
    for (const std::uint64_t weight : weights) {
      const std::uint64_t share = shares.next(weight);
      EXPECT_LE(share, scale_up(total, weight, all));
      EXPECT_GT(static_cast<double>(share) + static_cast<double>(weights.size()),
                static_cast<double>(total * weight) / static_cast<double>(all));
      sum += share;
    }
    EXPECT_EQ(sum, total);
  }
}

TEST(ProRata, EqualWeightsGetEqualSharesAndTheRestGoesToTheFirst) {
  for (const std::uint64_t total : {0u, 3u, 17u, 1000u}) {
    ProRata shares{total, 7 * 5};
    for (std::uint64_t i = 0; i < 7; ++i) EXPECT_EQ(shares.next(5), total / 7 + (i < total % 7 ? 1 : 0)) << total;
  }
}

}  // namespace
}  // namespace nibble
