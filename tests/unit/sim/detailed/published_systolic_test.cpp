// Proves: with one MAC an element and single-buffered weights both levels take the cycles that SCALE-Sim v3 (HEAD 1d62b68a,
// 2025-08-15) reports for its own ResNet-18, as the closed form does: the fast level on every layer, the detailed core on
// single folds. A second weight buffer saves all loads but the first.
//
// SCALE-Sim: `configs/scale.cfg` with 128 x 128 and 32 x 32 arrays, weight stationary, bandwidth estimated (no stalls);
// sum of "Total Cycles" of COMPUTE_REPORT.csv. Its convolutions have no padding, and round a last stride up.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <vector>

#include "tests/unit/sim/detailed/systolic.hpp"

namespace nibble::detailed {
namespace {

/// A convolution of `size` x `size` images.
struct Layer {
  std::uint64_t size, kernel, channels, filters, stride;

  [[nodiscard]] std::uint64_t pixels() const {
    const std::uint64_t side = ceil_div(size - kernel, stride) + 1;
    return side * side;
  }
  [[nodiscard]] std::uint64_t depth() const { return kernel * kernel * channels; }
  [[nodiscard]] std::uint64_t folds(std::uint64_t array) const { return ceil_div(depth(), array) * ceil_div(filters, array); }
  /// Cycles of the closed form: rows of load, then rows + columns + pixels - 2, a fold.
  [[nodiscard]] std::uint64_t cycles(std::uint64_t array) const { return folds(array) * (3 * array + pixels() - 2); }
};

/// ResNet-18 as SCALE-Sim's topologies/conv_nets/Resnet18.csv has it.
constexpr std::array kResNet18{
    Layer{224, 7, 3, 64, 2},    Layer{56, 3, 64, 64, 1},    Layer{56, 3, 64, 64, 1},    Layer{56, 3, 64, 64, 1},
    Layer{56, 3, 64, 64, 1},    Layer{56, 3, 64, 128, 2},   Layer{28, 3, 128, 128, 1},  Layer{56, 1, 64, 128, 2},
    Layer{28, 3, 128, 128, 1},  Layer{28, 3, 128, 128, 1},  Layer{28, 3, 128, 256, 2},  Layer{14, 3, 256, 256, 1},
    Layer{28, 1, 128, 256, 2},  Layer{14, 3, 256, 256, 1},  Layer{14, 3, 256, 256, 1},  Layer{14, 3, 256, 512, 2},
    Layer{7, 3, 512, 512, 1},   Layer{14, 1, 256, 512, 2},  Layer{7, 3, 512, 512, 1},   Layer{7, 3, 512, 512, 1},
    Layer{1, 1, 512, 1000, 1}};

/// What SCALE-Sim reports: it counts the last cycle of each layer from zero, so that a layer has one fewer.
struct Reported {
  std::uint32_t array;
  std::uint64_t cycles;
};
constexpr std::array kReported{Reported{128, 417'628}, Reported{32, 2'519'815}};

/// All rows are loaded, those without weights too, as SCALE-Sim counts: the depth is rounded up to whole folds.
VerifyCase layer_case(const Layer& layer, std::uint32_t array, std::uint32_t buffers) {
  VerifyCase chosen = systolic(array, array, buffers, layer.pixels(), 1);
  chosen.accelerator.core.mpe.accumulators = 1U << 14;  // a pass takes all pixels
  chosen.n = layer.filters;
  chosen.k = ceil_div(layer.depth(), std::uint64_t{array}) * array;
  return chosen;
}

std::uint64_t fast_level(const VerifyCase& chosen) {
  return static_cast<std::uint64_t>(
      test::forked([&] { return std::vector<double>{static_cast<double>(fast_cycles(chosen))}; })[0]);
}

TEST(PublishedSystolic, TheFastLevelTakesWhatScaleSimReports) {
  for (const Reported& reported : kReported) {
    std::uint64_t formula = 0, fast = 0;
    for (const Layer& layer : kResNet18) {
      const std::uint64_t closed_form = layer.cycles(reported.array), loads = layer.folds(reported.array) * reported.array;
      const std::uint64_t single = fast_level(layer_case(layer, reported.array, 1));
      EXPECT_EQ(single, closed_form) << layer.size << ", " << layer.channels << " to " << layer.filters;
      EXPECT_EQ(fast_level(layer_case(layer, reported.array, 2)), closed_form - loads + reported.array);
      formula += closed_form;
      fast += single;
    }
    EXPECT_EQ(fast, reported.cycles + kResNet18.size()) << reported.array;
    EXPECT_EQ(formula, fast);
  }
}

// Two folds of each of the layers with few pixels, element by element.
TEST(PublishedSystolic, TheDetailedCoreTakesTheSameAFold) {
  constexpr std::uint32_t kArray = 32;
  for (const std::uint64_t pixels : {1U, 25U, 49U, 64U, 144U}) {
    const double fold = static_cast<double>(3 * kArray + pixels - 2);
    const Outcome single = run(systolic(kArray, kArray, 1, pixels, 2)), twofold = run(systolic(kArray, kArray, 2, pixels, 2));
    EXPECT_EQ(single.detailed, 2 * fold) << pixels;
    EXPECT_EQ(single.fast, single.detailed);
    EXPECT_EQ(twofold.detailed, 2 * fold - kArray);
    EXPECT_EQ(single.same, 1);
  }
}

}  // namespace
}  // namespace nibble::detailed
