#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "models/formats/rounding.hpp"

namespace nibble {

enum class Encoding : std::uint8_t {
  floating,  ///< sign, exponent digit, mantissa
  integer,   ///< two's complement (or unsigned) code x 2^scale_exponent: integers and fixed point
};

/// What the top codes of a floating format mean.
enum class Specials : std::uint8_t {
  none,              ///< every code is a finite number
  ieee,              ///< the top exponent is infinity (mantissa 0) and NaN
  all_ones_nan,      ///< all ones is NaN, no infinity (OCP E4M3, E8M0)
  all_ones_nan_inf,  ///< all ones is NaN and infinity in one (DLFloat)
};

/// What exponent code 0 of a floating format means.
enum class LowestBinade : std::uint8_t {
  subnormal,  ///< no hidden one, the exponent of code 1 (IEEE 754, OCP)
  zero_code,  ///< a binade like any other, but mantissa 0 is zero (DLFloat, mantissaless FP4)
  normal,     ///< a binade like any other; the format has no zero (E8M0)
};

/// The traits of one element format: everything that the codec knows about it.
///
/// A finite floating code with exponent digit e and mantissa m stands for
/// (1 + m/2^M) x R^(e - bias) x 2^scale_exponent, R = 2^log2_radix. A radix above 2 has no mantissa bits.
struct NumberFormat {
  std::string name;
  unsigned bits = 0;                ///< at most 32
  Encoding encoding = Encoding::floating;
  bool is_signed = true;
  unsigned exponent_bits = 0;
  unsigned mantissa_bits = 0;
  int bias = 0;                     ///< in digits of the radix
  unsigned log2_radix = 1;
  int scale_exponent = 0;           ///< all values x 2^this; fixed point <IL, FL>: -FL
  Specials specials = Specials::none;
  LowestBinade lowest = LowestBinade::subnormal;
  bool symmetric = false;           ///< integers: encoding never makes the code without a positive twin
  Conversion conversion;            ///< the rules that its users apply unless told otherwise
  std::string description;

  bool operator==(const NumberFormat&) const = default;

  [[nodiscard]] std::uint32_t code_mask() const;
  [[nodiscard]] std::uint32_t sign_mask() const;           ///< 0 for unsigned formats
  /// Magnitude code of the largest finite value (floating), the largest positive code (integer).
  [[nodiscard]] std::uint32_t largest_code() const;
  /// Largest magnitude of negative values as a code magnitude; 0 for unsigned formats.
  [[nodiscard]] std::uint32_t largest_negative() const;
  /// Magnitude code of the smallest nonzero value.
  [[nodiscard]] std::uint32_t smallest_code() const;
  [[nodiscard]] std::uint32_t smallest_normal_code() const;
  [[nodiscard]] bool has_nan() const { return encoding == Encoding::floating && specials != Specials::none; }
  [[nodiscard]] std::uint32_t nan_code() const;            ///< only if has_nan()
  /// Code that Overflow::special writes for a magnitude: infinity, NaN-infinity, NaN; the largest if none.
  [[nodiscard]] std::uint32_t overflow_code() const;
  [[nodiscard]] double largest() const;
  [[nodiscard]] double smallest() const;
  [[nodiscard]] double smallest_normal() const;
  /// Significant bits, hidden one included (floating); word length less the sign (integer).
  [[nodiscard]] unsigned precision() const;
  /// Every finite value is a multiple of 2^this.
  [[nodiscard]] int quantum_exponent() const;
};

/// Every element format, in listing order. Adding a format is adding its traits there.
[[nodiscard]] const std::vector<NumberFormat>& element_formats();

/// The element format called `text`: a listed name, which settings may follow as ":key=value,key=value".
///
/// Floating: bias=INTEGER, specials=none|ieee|nan|nan-inf, lowest=subnormal|zero; radix-4: phase=even|odd;
/// fixed: il=BITS,fl=BITS (il + fl from 8 to 32); any: underflow=flush|nearest.
/// InputError: [FMT-UNKNOWN], [FMT-SETTING], [FMT-BLOCK] for a block format, which is no element format.
[[nodiscard]] NumberFormat number_format(std::string_view text);

}  // namespace nibble
