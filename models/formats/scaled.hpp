#pragma once

#include <cstdint>
#include <span>

#include "models/formats/array.hpp"
#include "models/formats/quantised.hpp"

namespace nibble {

/// Largest finite magnitude; 0 for none.
[[nodiscard]] double largest_magnitude(std::span<const float> values);

/// A plain cast: scale 1.
[[nodiscard]] Quantised cast_quantise(std::span<const float> values, const NumberFormat& format,
                                      const RandomSource& random = {});

enum class ScaleKind : std::uint8_t { any, power_of_two };

/// Max-scaling: the scale puts the largest magnitude on the format's largest (power_of_two: at or just below it).
/// Scale 1 for an all-zero tensor.
[[nodiscard]] Quantised max_quantise(std::span<const float> values, const NumberFormat& format, ScaleKind kind,
                                     const RandomSource& random = {});

/// LUQ (Chmiel et al., ICLR 2023): logarithmic, unbiased, stochastic; below the smallest level, zero or that level.
struct LuqOptions {
  /// alpha = max|g| / 2^levels. The text prints 4 and its code does 7, which is one level more than 4 bits hold;
  /// 6 is the most that 1-3-0 with a zero can do.
  unsigned levels = 6;
  /// The paper's running estimate of max|g| instead of this tensor's own; 0: the tensor's own.
  double maximum = 0;
};
[[nodiscard]] Quantised luq_quantise(std::span<const float> gradients, const LuqOptions& options,
                                     const RandomSource& random);

/// LUQ's hindsight estimate m <- (1 - eta) max|g| + eta m.
[[nodiscard]] double luq_hindsight(double estimate, double largest, double eta);

}  // namespace nibble
