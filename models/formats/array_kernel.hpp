#pragma once

#include <cstddef>
#include <cstdint>

#include "models/formats/simd_level.hpp"

namespace nibble::array_kernel {

enum class Grid : std::uint32_t { radix2, radix4, integer };

/// A format and a conversion, boiled down to what the inner loop over float bits needs.
struct LaneRules {
  Grid grid = Grid::radix2;
  bool stochastic = false;
  std::int32_t mantissa_bits = 0;
  std::int32_t lowest_digit = 0;     ///< radix2: exponents below this one are subnormal; INT32_MIN if none are
  std::int32_t digit_offset = 0;     ///< ordinal of 2^digit is (digit + digit_offset) << mantissa_bits
  std::int32_t quantum = 0;          ///< integer: the exponent of a code step
  std::int32_t scale_exponent = 0;
  std::uint32_t zero_code = 0;       ///< all ones: ordinals below 1 become zero, between there is no subnormal
  std::uint32_t nearest_to_zero = 0; ///< all ones: below the smallest, half of it divides zero from it
  std::uint32_t draws_below = 0;     ///< all ones: below the smallest, a power of two, stochastic rounding draws between it and zero
  std::int32_t smallest_exponent = 0;///< of it then
  std::uint32_t smallest_bits = 0;   ///< float bits of the smallest magnitude
  std::uint32_t half_smallest_bits = 0;
  std::uint32_t half = 0x80000000U;  ///< fractions above it go up; all ones for rounding towards zero
  std::uint32_t tie_even = 0;        ///< 1: a tie goes up from an odd ordinal
  std::uint32_t tie_away = 0;        ///< 1: a tie goes up
  std::uint32_t smallest_tie = 0;    ///< 1: half the smallest goes up
  std::uint32_t overflow_bits = 0;   ///< integer: float bits from which a magnitude is out of range
  std::uint32_t largest_positive = 0, largest_negative = 0;
  std::uint32_t positive_overflow = 0, negative_overflow = 0;  ///< final codes
  std::uint32_t positive_infinity = 0, negative_infinity = 0;  ///< final codes
  std::uint32_t positive_nan = 0, negative_nan = 0;            ///< final codes
  std::uint32_t sign_mask = 0;       ///< floating
  std::uint32_t code_mask = 0;
};

/// codes[i] of values[i]; random[i] is read only if rules.stochastic. Code: uint8_t, uint16_t, uint32_t.
template <class Code>
using EncodeLanes = void (*)(const LaneRules& rules, const float* values, const std::uint32_t* random, Code* codes,
                             std::size_t count);

/// A format, boiled down to what the inner loop over codes needs.
struct DecodeRules {
  Grid grid = Grid::radix2;
  std::uint32_t sign_mask = 0, code_mask = 0;
  std::uint32_t sign_shift = 0;       ///< of the code's sign bit, to a float's
  std::uint32_t field_shift = 0;      ///< floating: of the magnitude, onto a float's exponent and mantissa
  std::uint32_t field_offset = 0;     ///< then added: the difference of biases
  std::uint32_t subnormal_end = 0;    ///< magnitudes below: quantum x magnitude
  float quantum = 0;
  std::uint32_t largest_finite = 0;   ///< magnitudes above: infinity or NaN
  std::uint32_t infinity_code = 0;    ///< the one that is infinity; 0 if none is
};

template <class Code>
using DecodeLanes = void (*)(const DecodeRules& rules, const Code* codes, float* values, std::size_t count);

/// quotients[i] = values[i] / divisor, cut after float's last place, which is odd where something was cut: it lies on the same
/// side of every tie of formats with far fewer bits. Returns whether all quotients lie in float's normal range (zero does);
/// with `exact`, also whether nothing was cut. Where it returns false the quotients are worthless.
using DivideFloats = bool (*)(const float* values, double divisor, bool exact, float* quotients, std::size_t count);

/// Float bits of the largest magnitude: those of infinity or more if not all are finite.
using LargestBits = std::uint32_t (*)(const float* values, std::size_t count);

struct Kernels {
  EncodeLanes<std::uint8_t> to8;
  EncodeLanes<std::uint16_t> to16;
  EncodeLanes<std::uint32_t> to32;
  DecodeLanes<std::uint8_t> from8;
  DecodeLanes<std::uint16_t> from16;
  DecodeLanes<std::uint32_t> from32;
  DivideFloats divide;
  LargestBits largest;
};

extern const Kernels kBaseline, kAvx2, kAvx512;

/// InternalError if this machine lacks the level.
[[nodiscard]] const Kernels& kernels_of(SimdLevel level);

}  // namespace nibble::array_kernel
