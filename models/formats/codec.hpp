#pragma once

#include <cstdint>

#include "models/formats/number_format.hpp"

namespace nibble {

/// A finite magnitude before rounding: (significand + d) x 2^exponent, 0 < d < 1 iff `sticky`, else d = 0.
///
/// Carries any real number to the one rounding that it gets: a double, a decimal text, an exact sum of products.
/// `sticky` needs a significand of 64 bits (top bit set), so that what it stands for is below every format's ties.
struct Unrounded {
  bool negative = false;
  std::uint64_t significand = 0;
  int exponent = 0;
  bool sticky = false;
};

struct Encoded {
  std::uint32_t code = 0;
  ConversionFlags flags;
};

/// The value of `code`, exactly (double holds every finite value of every format). Infinity and NaN as such;
/// a merged NaN-infinity is NaN. Bits above the format's width must be zero.
[[nodiscard]] double decode(const NumberFormat& format, std::uint32_t code);

/// Rounds once into `format`. `random`: 32 uniform bits, asked by stochastic rounding only.
[[nodiscard]] Encoded encode(const NumberFormat& format, const Conversion& conversion, const Unrounded& value,
                             std::uint32_t random = 0);

/// As above for a double, NaN and infinities included.
[[nodiscard]] Encoded encode(const NumberFormat& format, const Conversion& conversion, double value,
                             std::uint32_t random = 0);

/// decode(encode(value)): the value that the format makes of `value`.
[[nodiscard]] double round_to(const NumberFormat& format, const Conversion& conversion, double value,
                              std::uint32_t random = 0);

}  // namespace nibble
