#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace nibble {

/// How a value between two neighbours of a grid picks one of them. Applies to every format alike.
enum class Rounding : std::uint8_t {
  nearest_even,      ///< nearest; a tie goes to the even code (IEEE 754, OCP)
  nearest_away,      ///< nearest; a tie goes away from zero (DLFloat's "nearest-up")
  radix4_threshold,  ///< nearest; a tie goes towards zero: up iff x > 4^n / 1.6 on the radix-4 grid
  toward_zero,
  stochastic,        ///< up with probability (x - lower) / (upper - lower)
};

/// What a magnitude that rounds beyond the largest finite one becomes.
enum class Overflow : std::uint8_t {
  saturate,  ///< the largest finite magnitude; so does an infinity
  special,   ///< infinity, or the merged NaN-infinity, or NaN, whichever the format has; saturates if none
};

/// What a NaN becomes in a format that has no code for it.
enum class NanHandling : std::uint8_t {
  zero,
  maximum,  ///< the largest finite magnitude, with the NaN's sign
};

/// How a format whose smallest magnitude has no subnormals below it rounds between that magnitude and zero.
/// Stochastic rounding does not ask: there zero and the smallest magnitude are neighbours, else it were biased.
enum class Underflow : std::uint8_t {
  round_then_flush,  ///< round as though exponents had no lower end, then flush what is below the smallest
  nearest,           ///< zero and the smallest magnitude are neighbours like any others
};

/// One conversion's rules: each is chosen apart from the others.
struct Conversion {
  Rounding rounding = Rounding::nearest_even;
  Overflow overflow = Overflow::saturate;
  Underflow underflow = Underflow::round_then_flush;
  NanHandling nan = NanHandling::zero;

  bool operator==(const Conversion&) const = default;
};

/// What a conversion did to a value.
struct ConversionFlags {
  bool underflow = false;  ///< became zero, or is inexact and below the smallest normal magnitude
  bool overflow = false;   ///< was beyond the largest finite magnitude of its sign after rounding
  bool inexact = false;

  bool operator==(const ConversionFlags&) const = default;
};

/// The words used on the command line, in the order of the enumeration.
[[nodiscard]] const std::vector<std::string_view>& rounding_words();
[[nodiscard]] std::string_view word_of(Rounding rounding);
/// InputError [FMT-ROUNDING] with the nearest known word.
[[nodiscard]] Rounding rounding_from_word(std::string_view word);

}  // namespace nibble
