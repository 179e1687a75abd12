// Proves: every quantiser gives what its definition says in rationals, on random tensors with exact ties among them.
//
// The references share nothing with models/formats but its traits; where a quantiser divides in double precision, values
// that lie closer to a tie than that division is exact are left out.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "models/formats/block_quantise.hpp"
#include "models/formats/codec.hpp"
#include "models/formats/pact.hpp"
#include "models/formats/sawb.hpp"
#include "models/formats/scaled.hpp"
#include "models/formats/two_phase.hpp"
#include "tests/unit/models/formats/exact_grid.hpp"

namespace nibble {
namespace {

using test::exact;
using test::ExactGrid;
using test::Integer;
using test::power_of_two;
using test::Rational;

/// Numbers of many magnitudes below `largest`, every fourth a multiple of largest / 2^9: ties of every grid here.
std::vector<float> tensor(std::size_t size, float largest, std::uint64_t seed) {
  std::mt19937_64 generator{seed};
  std::vector<float> values;
  for (std::size_t i = 0; i < size; ++i) {
    const auto bits = static_cast<std::int32_t>(generator());
    const float even = largest * static_cast<float>(bits >> 22) * 0x1p-9F;
    const float any = std::ldexp(largest * static_cast<float>(bits) * 0x1p-31F, -static_cast<int>(generator() % 10));
    values.push_back(i % 4 == 0 ? even : any);
  }
  values[0] = largest;
  return values;
}

Rational clamped(const Rational& x, const Rational& low, const Rational& high) { return x < low ? low : (x > high ? high : x); }

struct Nearest {
  Integer integer;
  bool near_tie = false;  ///< but on none
};

/// The nearest integer, ties to even.
Nearest nearest_even(const Rational& x) {
  Integer below = numerator(x) / denominator(x);
  if (Rational(below) > x) --below;
  const Rational distance = x - below, half(1, 2);
  const bool up = distance > half || (distance == half && below % 2 != 0);
  return {below + (up ? 1 : 0), distance != half && abs(Rational(distance - half)) < power_of_two(-45)};
}

TEST(ExactSawb, RoundsOntoItsLevelsInEveryWidthAndVariant) {
  for (const unsigned bits : {2U, 3U, 4U}) {
    for (const SawbVariant variant : {SawbVariant::zero_aligned, SawbVariant::all_levels}) {
      // 3 bits zero-aligned have no published coefficients; the clip of these is the mean magnitude.
      const std::vector<float> weights = tensor(800, 2, bits);
      const SawbOptions options{bits, variant, sawb_coefficients(bits, variant).value_or(SawbCoefficients{0, 1})};
      const Rational clip = exact(sawb_clip(weights, options));
      const bool aligned = variant == SawbVariant::zero_aligned;
      const Rational steps = Rational((1 << bits) - (aligned ? 2 : 1));
      const Quantised q = sawb_quantise(weights, options);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        const Nearest code = nearest_even((clamped(exact(weights[i]) / clip, -1, 1) + 1) * steps / 2);
        if (code.near_tie) continue;
        const Rational level = aligned ? Rational(Rational(code.integer) - steps / 2) : Rational(2 * Rational(code.integer) - steps);
        ASSERT_EQ(exact(q.values[i]), level) << bits << " bits, " << weights[i];
      }
      // A step in units of the weights, to the division's last place.
      const double step = static_cast<double>(Rational(clip * (aligned ? 2 : 1) / steps));
      EXPECT_DOUBLE_EQ(q.scale, step);
    }
  }
}

TEST(ExactSawb, ClipIsTheMomentsSumInExtendedPrecision) {
  const std::vector<float> weights = tensor(2000, 3, 9);
  for (const SawbVariant variant : {SawbVariant::zero_aligned, SawbVariant::all_levels}) {
    Rational squares = 0, magnitudes = 0;
    for (const float w : weights) {
      squares += exact(w) * exact(w);
      magnitudes += abs(exact(w));
    }
    const auto n = static_cast<long double>(weights.size());
    const long double rms = std::sqrt(static_cast<long double>(squares) / n);
    const SawbCoefficients known = *sawb_coefficients(4, variant);
    const long double clip = known.rms * rms + known.magnitude * static_cast<long double>(magnitudes) / n;
    EXPECT_NEAR(sawb_clip(weights, {.bits = 4, .variant = variant}), static_cast<double>(clip), 1e-11);
  }
}

TEST(ExactPact, ValuesAndBothGradientsAreTheDefinitions) {
  const std::vector<float> x = tensor(800, 12, 21), g = tensor(800, 1, 22);
  for (const bool symmetric : {false, true}) {
    for (const unsigned bits : {2U, 4U, 8U}) {
      const PactOptions options{bits, 7.5, symmetric};
      const Rational clip = exact(options.clip), steps = Rational((1 << (symmetric ? bits - 1 : bits)) - 1);
      const Rational low = symmetric ? Rational(-clip) : Rational(0);
      const Quantised y = pact_quantise(x, options);
      Rational plain = 0, refined = 0;
      const PactGradient first = pact_gradient(x, g, options), second = pact_gradient(x, g, options, true);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const Rational value = exact(x[i]), slope = exact(g[i]);
        const Nearest code = nearest_even(clamped(value, low, clip) * steps / clip);
        const bool inside = value >= low && value <= clip;
        if (!code.near_tie) {
          ASSERT_EQ(exact(y.values[i]), Rational(code.integer)) << x[i];
        }
        ASSERT_EQ(first.input[i], inside ? g[i] : 0.0F);
        ASSERT_EQ(second.input[i], first.input[i]);
        if (value >= clip) plain += slope;
        if (symmetric && value <= low) plain -= slope;
        if (value > low && value < clip) refined -= slope * (value * steps / clip - Rational(code.integer)) / steps;
      }
      EXPECT_NEAR(first.clip, static_cast<double>(plain), 1e-9) << bits;
      EXPECT_NEAR(second.clip, static_cast<double>(Rational(plain + refined)), 1e-9) << bits;
    }
  }
}

TEST(ExactGradScale, EndsAtTheOnePowerOfTwoThatFits) {
  std::mt19937_64 generator{31};
  for (int i = 0; i < 2000; ++i) {
    const double largest = std::ldexp(1 + static_cast<double>(generator() >> 12) * 0x1p-52, static_cast<int>(generator() % 60) - 40);
    GradScale scale{64, static_cast<int>(generator() % 20) - 10};
    scale.settle(largest);
    const Rational scaled = exact(largest) * power_of_two(scale.exponent());
    EXPECT_TRUE(scaled > 32 && scaled <= 64) << largest;
  }
}

/// Radix-4 rounding by its thresholds: `unit` x 4^n for n from -3 to 3, what is between 4^n and 4^(n+1) goes up
/// beyond 4^(n+1) / 1.6, what rounds below the smallest is zero.
Rational radix4(const Rational& x, const Rational& unit, bool tie_up, bool flush_at_half) {
  const Rational magnitude = abs(x);
  Rational value = 0;
  for (int n = -3; n <= 3; ++n) {
    const Rational point = unit * power_of_two(2 * n);
    const Rational threshold = n == -3 && flush_at_half ? Rational(point / 2) : Rational(point * 5 / 8);
    if (magnitude > threshold || (tie_up && magnitude == threshold)) value = point;
  }
  return x < 0 ? Rational(-value) : value;
}

TEST(ExactTwoPhase, IsTheThresholdRuleUnderEveryOption) {
  std::vector<float> g = tensor(400, 64, 41);
  for (int n = -5; n <= 4; ++n) {  // the thresholds themselves, and a hair beside them
    const float point = std::ldexp(1.0F, 2 * n) * 0.625F, half = std::ldexp(0.5F, 2 * n);
    for (const float at : {point, 2 * point, half, 2 * half}) {
      g.insert(g.end(), {at, -at, std::nextafter(at, 0.0F), std::nextafter(at, 99.0F)});
    }
  }
  const GradScale scale{64, 1};
  for (const Rounding rounding : {Rounding::radix4_threshold, Rounding::nearest_away}) {
    for (const Underflow underflow : {Underflow::round_then_flush, Underflow::nearest}) {
      for (const OddGrid odd : {OddGrid::above, OddGrid::below}) {
        const TwoPhaseOptions options{EvenPhase::dgrad, odd, rounding, underflow, false};
        const TwoPhaseGradients both = two_phase_quantise(g, scale, options);
        const bool tie_up = rounding == Rounding::nearest_away, half = underflow == Underflow::nearest;
        for (std::size_t i = 0; i < g.size(); ++i) {
          const Rational x = exact(g[i]) * 2;
          ASSERT_EQ(exact(both.dgrad.values[i]), radix4(x, 1, tie_up, half)) << g[i];
          ASSERT_EQ(exact(both.wgrad.values[i]), radix4(x, odd == OddGrid::above ? Rational(2) : Rational(1, 2), tie_up, half)) << g[i];
        }
        EXPECT_EQ(both.dgrad.scale, 0.5);
      }
    }
  }
}

/// Stochastic rounding between neighbours: up iff 32 random bits are below the position cut to as many.
bool goes_up(const Rational& position, std::uint32_t random) { return Rational(random) + 1 <= position * power_of_two(32); }

TEST(ExactLuq, RoundsBetweenPowersOfTwoByTheDraw) {
  std::vector<float> g = tensor(1500, 1, 51);
  for (const unsigned levels : {4U, 6U, 7U}) {
    const RandomSource source{8, 9, 10};
    const Quantised q = luq_quantise(g, {.levels = levels}, source);
    ASSERT_EQ(q.scale, std::ldexp(1.0, -static_cast<int>(levels)));
    for (std::size_t i = 0; i < g.size(); ++i) {
      const Rational x = abs(exact(g[i])) * power_of_two(static_cast<int>(levels));
      Rational low = 0, high = 1;
      while (high <= x) {
        low = high;
        high *= 2;
      }
      const bool up = goes_up((x - low) / (high - low), RandomBits{source.seed, source.tensor}.at(source.first_index + i));
      ASSERT_EQ(abs(exact(q.values[i])), up ? high : low) << g[i] << " at " << levels;
    }
  }
}

/// The value that `grid` has for x, saturated; `near_tie`: too near to one to tell.
Rational on_grid(const NumberFormat& format, const ExactGrid& grid, const Rational& x, bool& near_tie) {
  const Conversion rules{Rounding::nearest_even, Overflow::saturate, Underflow::round_then_flush, NanHandling::zero};
  near_tie = false;
  if (x == 0) return 0;
  const ExactGrid::Result result = grid.round(abs(x), rules, 0);
  const Rational from_tie = abs(Rational(result.position - Rational(1, 2)));
  near_tie = from_tie != 0 && from_tie < power_of_two(-20);
  const auto code = static_cast<std::uint32_t>(std::clamp<std::int64_t>(result.code, 0, grid.largest()));
  const Rational magnitude = *test::exact_value(format, code);
  return x < 0 ? Rational(-magnitude) : magnitude;
}

TEST(ExactMaxScaling, RoundsTheQuotientsOntoTheGrid) {
  for (const char* name : {"int4", "int8", "e4m3", "e2m1", "fp8-143"}) {
    NumberFormat format = number_format(name);
    format.conversion.rounding = Rounding::nearest_even;
    const ExactGrid grid{format};
    const std::vector<float> x = tensor(500, 0.7F, 61);
    for (const ScaleKind kind : {ScaleKind::any, ScaleKind::power_of_two}) {
      const Quantised q = max_quantise(x, format, kind);
      const Rational scale = exact(q.scale), top = exact(0.7F) / scale, limit = exact(format.largest());
      if (kind == ScaleKind::power_of_two) {
        EXPECT_TRUE(top <= limit && 2 * top > limit) << name;
      } else {
        EXPECT_NEAR(static_cast<double>(Rational(top / limit)), 1, 1e-15) << name;
      }
      for (std::size_t i = 0; i < x.size(); ++i) {
        bool near_tie = false;
        const Rational value = on_grid(format, grid, exact(x[i]) / scale, near_tie);
        if (!near_tie) {
          ASSERT_EQ(exact(q.values[i]), value) << name << " " << x[i];
        }
      }
    }
  }
}

/// Exponent of the leading bit.
int floor_log2(const Rational& x) {
  int exponent = 0;
  while (power_of_two(exponent + 1) <= x) ++exponent;
  while (power_of_two(exponent) > x) --exponent;
  return exponent;
}

TEST(BlockFormats, ScalesAndElementsAreTheSpecifications) {
  for (const BlockFormat& format : block_formats()) {
    const NumberFormat element = number_format(format.element), scale_format = number_format(format.scale);
    const ExactGrid grid{element};
    const std::vector<float> x = tensor(16 * format.block, 40, 71);
    const BlockTensor tensor = block_quantise(x, format);
    const Rational whole = exact(tensor.tensor_scale), limit = exact(element.largest());
    for (std::size_t block = 0; block < 16; ++block) {
      Rational largest = 0;
      for (std::size_t i = 0; i < format.block; ++i) largest = std::max<Rational>(largest, abs(exact(x[block * format.block + i])));
      const Rational scale = exact(decode(scale_format, tensor.scales[block]));
      if (format.tensor_scale) {
        bool near_tie = false;
        const Rational wanted = on_grid(scale_format, ExactGrid{scale_format}, largest / limit / whole, near_tie);
        if (!near_tie) {
          ASSERT_EQ(scale, wanted) << format.name;
        }
      } else {
        ASSERT_EQ(scale, power_of_two(floor_log2(largest) - floor_log2(limit))) << format.name;
      }
      for (std::size_t i = block * format.block; i < (block + 1) * format.block; ++i) {
        bool near_tie = false;
        const Rational value = on_grid(element, grid, exact(x[i]) / scale / whole, near_tie);
        if (!near_tie) {
          ASSERT_EQ(exact(decode(element, tensor.codes[i])), value) << format.name << " " << x[i];
        }
      }
    }
    if (format.tensor_scale) {
      EXPECT_EQ(tensor.tensor_scale, double{static_cast<float>(40.0 / (448 * 6))});
    }
  }
}

}  // namespace
}  // namespace nibble
