// Proves: the GEMMs of a convolution against an enumeration of the convolution itself.
#include "workloads/lowering/gemm_shapes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "test_networks.hpp"

namespace nibble::lowering {
namespace {

using testing::NetworkMaker;
using testing::square;

struct Case {
  std::uint64_t in_channels, height, width, out_channels, groups;
  Window window;
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (std::uint64_t kernel : {1, 2, 3, 5}) {
    for (std::uint64_t stride : {1, 2, 3}) {
      for (std::uint64_t padding : {0, 1, 2}) {
        for (std::uint64_t dilation : {1, 2}) {
          for (std::uint64_t side : {9, 12}) {
            all.push_back({4, side, side + 1, 6, 1, square(kernel, stride, padding, dilation)});
          }
        }
      }
    }
  }
  all.push_back({6, 8, 8, 6, 6, square(3, 2, 1)});
  all.push_back({6, 8, 8, 4, 2, square(3, 2, 1)});
  all.push_back({3, 11, 7, 5, 1, {{3, 1}, {2, 1}, {1, 0}, {1, 1}}});
  all.push_back({2, 1, 1, 2, 1, square(3, 2, 1)});  // most phases have no pixel
  return all;
}

Network network_of(const Case& c) {
  NetworkMaker net;
  net.conv(net.input({c.in_channels, c.height, c.width}), c.out_channels, c.window, c.groups);
  return net.take();
}

/// What one phase of dX takes, found by walking the forward convolution.
struct Enumerated {
  std::uint64_t products = 0;  ///< of one dY pixel and one tap, those in the padding included
  std::uint64_t in_range = 0;  ///< of them, those that reach a pixel of dX
  std::uint64_t pixels = 0;
};

std::map<std::pair<std::uint64_t, std::uint64_t>, Enumerated> enumerate(const Layer& layer, const Shape& in) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, Enumerated> phases;
  const Window& w = layer.window;
  for (std::uint64_t y = 0; y < in[1]; ++y) {
    for (std::uint64_t x = 0; x < in[2]; ++x) {
      ++phases[{(y + w.padding[0]) % w.stride[0], (x + w.padding[1]) % w.stride[1]}].pixels;
    }
  }
  for (std::uint64_t oy = 0; oy < layer.output[1]; ++oy) {
    for (std::uint64_t ox = 0; ox < layer.output[2]; ++ox) {
      for (std::uint64_t r = 0; r < w.kernel[0]; ++r) {
        for (std::uint64_t s = 0; s < w.kernel[1]; ++s) {
          const std::uint64_t y = oy * w.stride[0] + r * w.dilation[0],
                              x = ox * w.stride[1] + s * w.dilation[1];
          Enumerated& phase = phases[{y % w.stride[0], x % w.stride[1]}];
          ++phase.products;
          const bool inside =
              y >= w.padding[0] && y - w.padding[0] < in[1] && x >= w.padding[1] && x - w.padding[1] < in[2];
          if (inside) ++phase.in_range;
        }
      }
    }
  }
  return phases;
}

constexpr std::uint64_t kBatch = 3;

TEST(GemmShapes, DgradPhasesAreWhatAWalkOverTheConvolutionFinds) {
  for (const Case& c : cases()) {
    const Network network = network_of(c);
    const Layer& layer = network.layers[1];
    const std::uint64_t per_product = kBatch * c.in_channels / c.groups * c.out_channels;  // channel pairs
    std::multiset<std::pair<std::uint64_t, std::uint64_t>> expected, found;
    std::uint64_t in_range = 0;
    for (const auto& [phase, counts] : enumerate(layer, network.layers[0].output)) {
      if (counts.pixels == 0) continue;
      expected.insert({counts.products * per_product, counts.pixels});
      in_range += counts.in_range * per_product;
    }
    std::uint64_t all = 0;
    for (const GemmPart& part : conv_dgrad(layer, network.layers[0], kBatch)) {
      const std::uint64_t macs = part.gemm ? part.gemm->macs().value() : 0;
      found.insert({macs, part.c_end - part.c_begin});
      all += macs;
    }
    EXPECT_EQ(found, expected) << "kernel " << c.window.kernel[0] << " stride " << c.window.stride[0];
    const bool every_phase = c.height >= c.window.stride[0] && c.width >= c.window.stride[1];
    if (every_phase) {
      EXPECT_EQ(all, layer_macs(network, 1).value() * kBatch);
    }
    EXPECT_GE(all, in_range);
    if (c.window.padding[0] == 0 && c.window.padding[1] == 0) {
      EXPECT_EQ(all, in_range) << "without padding no product is wasted";
    }
  }
}

TEST(GemmShapes, DgradSharesAddUpToTheWholeGradient) {
  for (const Case& c : cases()) {
    const Network network = network_of(c);
    double share = 0.0;
    std::uint64_t zero_pixels = 0;
    for (const GemmPart& part : conv_dgrad(network.layers[1], network.layers[0], kBatch)) {
      if (part.gemm)
        share += part.gemm->c_share;
      else
        zero_pixels += part.c_end - part.c_begin;
    }
    const double pixels = static_cast<double>(c.height * c.width);
    EXPECT_NEAR(share + static_cast<double>(zero_pixels) / pixels, 1.0, 1e-12);
  }
}

TEST(GemmShapes, ForwardAndWeightGradientDoTheLayersMacs) {
  for (const Case& c : cases()) {
    const Network network = network_of(c);
    const std::uint64_t macs = layer_macs(network, 1).value() * kBatch;
    const GemmWork fwd = conv_forward(network.layers[1], network.layers[0], kBatch);
    const GemmWork wgrad = conv_wgrad(network.layers[1], network.layers[0], kBatch);
    EXPECT_EQ(fwd.macs().value(), macs);
    EXPECT_EQ(wgrad.macs().value(), macs);
    EXPECT_EQ(wgrad.m * wgrad.n * wgrad.count, network.layers[1].parameters) << "one result for each weight";
    EXPECT_TRUE(wgrad.reduces_over_batch);
    EXPECT_EQ(fwd.depthwise, c.groups == c.in_channels && c.groups == c.out_channels && c.groups > 1);
  }
}

TEST(GemmShapes, DgradWindowReachesTheSpreadOfItsTaps) {
  // Stride 3, dilation 2: the taps of one phase are 3 apart in the kernel, so 3 * 2 / 3 = 2 apart in dY.
  NetworkMaker net;
  net.conv(net.input({1, 30, 30}), 1, square(5, 3, 0, 2));
  const Network network = net.take();
  for (const GemmPart& part : conv_dgrad(network.layers[1], network.layers[0], 1)) {
    ASSERT_TRUE(part.gemm && part.gemm->geometry);
    EXPECT_EQ(part.gemm->geometry->window.dilation[0], 2U);
    EXPECT_EQ(part.gemm->geometry->window.stride[0], 1U);
  }
}

TEST(GemmShapes, StridedOneByOneTouchesAQuarterOfItsInput) {
  NetworkMaker net;
  net.conv(net.input({256, 56, 56}), 512, square(1, 2));
  const Network network = net.take();
  EXPECT_EQ(touched_inputs(network.layers[1], network.layers[0], 2).value(), 2U * 256 * 28 * 28);
}

TEST(GemmShapes, TouchedInputsAreThoseAWalkVisits) {
  for (const Case& c : cases()) {
    const Network network = network_of(c);
    const Layer& layer = network.layers[1];
    const Window& w = layer.window;
    std::set<std::pair<std::uint64_t, std::uint64_t>> visited;
    for (std::uint64_t oy = 0; oy < layer.output[1]; ++oy) {
      for (std::uint64_t ox = 0; ox < layer.output[2]; ++ox) {
        for (std::uint64_t r = 0; r < w.kernel[0]; ++r) {
          for (std::uint64_t s = 0; s < w.kernel[1]; ++s) {
            const std::uint64_t y = oy * w.stride[0] + r * w.dilation[0],
                                x = ox * w.stride[1] + s * w.dilation[1];
            if (y < w.padding[0] || x < w.padding[1]) continue;
            if (y - w.padding[0] >= c.height || x - w.padding[1] >= c.width) continue;
            visited.insert({y, x});
          }
        }
      }
    }
    EXPECT_EQ(touched_inputs(layer, network.layers[0], 1).value(), visited.size() * c.in_channels);
  }
}

}  // namespace
}  // namespace nibble::lowering
