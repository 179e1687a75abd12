#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "models/formats/quantised.hpp"

namespace nibble {

/// Statistics-aware weight binning: the clip that minimises the quantisation error, from two moments of the weights.
enum class SawbVariant : std::uint8_t {
  zero_aligned,  ///< 2^b - 1 levels, zero among them: codes -(2^(b-1)-1) to 2^(b-1)-1 ("103", "403")
  all_levels,    ///< 2^b levels, none of them zero: odd multiples of half a step
};

/// clip = rms x sqrt(E w^2) + magnitude x E|w|; the second is negative.
struct SawbCoefficients {
  double rms = 0;
  double magnitude = 0;
};

/// The coefficients of IBM's fms-model-optimizer (SOURCES: pact-sawb-19) for 2 and 4 bits in both variants and for
/// 3 bits with all levels. None is published for 3 bits zero-aligned: nothing.
[[nodiscard]] std::optional<SawbCoefficients> sawb_coefficients(unsigned bits, SawbVariant variant);

struct SawbOptions {
  unsigned bits = 4;
  SawbVariant variant = SawbVariant::zero_aligned;
  std::optional<SawbCoefficients> coefficients = std::nullopt;  ///< instead of the published ones
};

/// The clip; max |w| where the formula gives none above zero. InputError [SAWB-COEFFICIENTS] if none are known.
[[nodiscard]] double sawb_clip(std::span<const float> weights, const SawbOptions& options);

/// Codes of weights clipped at +-clip, rounded to nearest even. Values are integers: the code (zero-aligned), or
/// the odd number 2 code - (2^b - 1), whose half step is the scale (all levels).
[[nodiscard]] Quantised sawb_quantise(std::span<const float> weights, const SawbOptions& options);

/// Gradient of the weights from that of their quantised selves. straight_through ("SAWB+") passes all of it, else
/// nothing passes where |w| > clip.
void sawb_gradient(std::span<const float> weights, std::span<const float> gradient, double clip,
                   bool straight_through, std::span<float> out);

}  // namespace nibble
