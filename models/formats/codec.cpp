#include "models/formats/codec.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "models/base/check.hpp"

namespace nibble {
namespace {

/// GCC and Clang have it on every 64-bit machine; ISO C++ has no name for it.
__extension__ using Wide = unsigned __int128;

constexpr std::int64_t kBeyond = std::int64_t{1} << 40;  // an ordinal above every format's largest code

/// Where a magnitude lies on a format's grid: between the points `ordinal` and `ordinal` + 1.
///
/// Ordinals are magnitude codes, continued below zero and beyond the largest code as though the exponent field had
/// no ends; consecutive ordinals are neighbours. The distance above `ordinal` is (fraction + d) / 2^64 of the gap,
/// 0 < d < 1 iff sticky.
struct Position {
  std::int64_t ordinal = 0;
  std::uint64_t fraction = 0;
  bool sticky = false;

  [[nodiscard]] bool exact() const { return fraction == 0 && !sticky; }
};

int floor_div(int a, int b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

/// significand x 2^-drop as whole part and fraction, for any drop from 1.
Position split(std::uint64_t significand, int drop, bool sticky) {
  if (drop < 64) return {static_cast<std::int64_t>(significand >> drop), significand << (64 - drop), sticky};
  if (drop == 64) return {0, significand, sticky};
  if (drop >= 128) return {0, 0, true};
  const int shift = drop - 64;
  return {0, significand >> shift, sticky || (significand << (64 - shift)) != 0};
}

/// The value as a significand with bit 63 set.
Unrounded normalised(Unrounded value) {
  const int shift = std::countl_zero(value.significand);
  NIBBLE_CHECK(!value.sticky || shift == 0, "a sticky value needs 64 significant bits");
  value.significand <<= shift;
  value.exponent -= shift;
  return value;
}

Position locate_integer(const NumberFormat& format, const Unrounded& value) {
  const int drop = format.scale_exponent - value.exponent;
  if (drop < 24) return {kBeyond, 0, false};  // at least 2^40 quanta
  return split(value.significand, drop, value.sticky);
}

Position locate_radix2(const NumberFormat& format, const Unrounded& value) {
  const int mantissa = static_cast<int>(format.mantissa_bits);
  int digit = value.exponent + 63 - format.scale_exponent;  // value is in [2^digit, 2^(digit+1)) x 2^scale
  if (format.lowest == LowestBinade::subnormal && digit < 1 - format.bias) digit = 1 - format.bias;
  const int quantum = digit - mantissa + format.scale_exponent;
  Position position = split(value.significand, quantum - value.exponent, value.sticky);
  // The whole part of a normal value holds the hidden one, worth one step of the exponent field.
  position.ordinal += (static_cast<std::int64_t>(digit) + format.bias - 1) * (std::int64_t{1} << mantissa);
  return position;
}

/// Mantissaless grid of radix R: neighbours R^d and R^(d+1), so the gap is (R - 1) R^d.
Position locate_high_radix(const NumberFormat& format, const Unrounded& value) {
  const int radix_bits = static_cast<int>(format.log2_radix);
  const int binary = value.exponent + 63 - format.scale_exponent;
  const int digit = floor_div(binary, radix_bits);
  const Wide one = Wide{1} << 63;
  const Wide above = (Wide{value.significand} << (binary - digit * radix_bits)) - one;  // of R^d, in 2^-63
  const Wide gap = (Wide{1} << radix_bits) - 1;
  Position position;
  position.ordinal = static_cast<std::int64_t>(digit) + format.bias;
  position.fraction = static_cast<std::uint64_t>((above << 1) / gap);
  position.sticky = value.sticky || (above << 1) % gap != 0;
  return position;
}

Position locate(const NumberFormat& format, const Unrounded& value) {
  if (format.encoding == Encoding::integer) return locate_integer(format, value);
  return format.log2_radix == 1 ? locate_radix2(format, value) : locate_high_radix(format, value);
}

/// The position between zero (ordinal 0) and the smallest magnitude (ordinal 1) of a value below it.
Position between_zero_and_smallest(const NumberFormat& format, const Unrounded& value) {
  const bool mantissaless = format.mantissa_bits == 0;
  const std::uint64_t smallest = mantissaless ? 1 : (std::uint64_t{1} << format.mantissa_bits) + 1;
  const int digit = mantissaless ? 1 - format.bias : -format.bias;
  const int unit = digit * static_cast<int>(format.log2_radix) - static_cast<int>(format.mantissa_bits) +
                   format.scale_exponent;
  const int shift = value.exponent - unit + 64;  // value / (2^unit) in 2^-64; below smallest, so it fits
  Wide scaled = 0;
  bool lost = value.sticky;
  if (shift >= 0) {
    scaled = Wide{value.significand} << shift;
  } else if (shift > -64) {
    scaled = value.significand >> -shift;
    lost = lost || (value.significand << (64 + shift)) != 0;
  } else {
    lost = true;
  }
  return {0, static_cast<std::uint64_t>(scaled / smallest), lost || scaled % smallest != 0};
}

bool goes_up(Rounding rounding, const Position& position, std::uint32_t random) {
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 63;
  const bool above_half = position.fraction > kHalf || (position.fraction == kHalf && position.sticky);
  const bool tie = position.fraction == kHalf && !position.sticky;
  switch (rounding) {
    case Rounding::nearest_even: return above_half || (tie && (position.ordinal & 1) != 0);
    case Rounding::nearest_away: return above_half || tie;
    case Rounding::radix4_threshold: return above_half;
    case Rounding::toward_zero: return false;
    case Rounding::stochastic: return random < (position.fraction >> 32);
  }
  return false;
}

/// A magnitude code with its sign.
std::uint32_t with_sign(const NumberFormat& format, bool negative, std::uint32_t magnitude) {
  if (!negative) return magnitude;
  return format.encoding == Encoding::integer ? (0U - magnitude) & format.code_mask() : magnitude | format.sign_mask();
}

Encoded overflowed(const NumberFormat& format, const Conversion& conversion, bool negative, bool from_infinity) {
  const std::uint32_t limit = negative ? format.largest_negative() : format.largest_code();
  // Rounding towards zero never leaves the finite range (IEEE 754-2019, 7.4); an infinity is not rounded.
  const bool special = conversion.overflow == Overflow::special && format.has_nan() &&
                       (from_infinity || conversion.rounding != Rounding::toward_zero) &&
                       (format.is_signed || !negative);
  const std::uint32_t magnitude = special ? format.overflow_code() : limit;
  return {with_sign(format, negative, magnitude), {.underflow = false, .overflow = true, .inexact = true}};
}

Encoded encode_zero(const NumberFormat& format, bool negative) {
  const bool keeps_sign = format.encoding == Encoding::floating && format.is_signed;
  return {negative && keeps_sign ? format.sign_mask() : 0, {}};
}

}  // namespace

double decode(const NumberFormat& format, std::uint32_t code) {
  NIBBLE_CHECK((code & ~format.code_mask()) == 0, "code {:#x} is wider than {}", code, format.name);
  if (format.encoding == Encoding::integer) {
    const bool negative = (code & format.sign_mask()) != 0;
    const double magnitude = negative ? static_cast<double>((~code & format.code_mask()) + 1.0) : code;
    return std::ldexp(negative ? -magnitude : magnitude, format.scale_exponent);
  }
  const bool negative = (code & format.sign_mask()) != 0;
  const std::uint32_t magnitude = code & ~format.sign_mask();
  const double sign = negative ? -1.0 : 1.0;
  if (magnitude > format.largest_code()) {
    const bool infinite = format.specials == Specials::ieee && magnitude == format.overflow_code();
    return infinite ? sign * std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  }
  const std::uint32_t mantissa = magnitude & ((std::uint32_t{1} << format.mantissa_bits) - 1);
  const int digit = static_cast<int>(magnitude >> format.mantissa_bits);
  const bool subnormal = digit == 0 && format.lowest == LowestBinade::subnormal;
  if (magnitude == 0 && format.lowest != LowestBinade::normal) return sign * 0.0;
  const std::uint32_t significand = subnormal ? mantissa : mantissa + (std::uint32_t{1} << format.mantissa_bits);
  const int exponent = ((subnormal ? 1 : digit) - format.bias) * static_cast<int>(format.log2_radix) +
                       format.scale_exponent - static_cast<int>(format.mantissa_bits);
  return sign * std::ldexp(static_cast<double>(significand), exponent);
}

Encoded encode(const NumberFormat& format, const Conversion& conversion, const Unrounded& value,
               std::uint32_t random) {
  if (value.significand == 0) return encode_zero(format, value.negative);
  const Unrounded magnitude = normalised(value);
  Position position = locate(format, magnitude);
  const std::int64_t smallest = format.smallest_code();
  const bool zero_code = format.encoding == Encoding::floating && format.lowest == LowestBinade::zero_code;
  const bool below_smallest = position.ordinal < smallest;
  if (zero_code && below_smallest &&
      (conversion.underflow == Underflow::nearest || conversion.rounding == Rounding::stochastic)) {
    position = between_zero_and_smallest(format, magnitude);
  }
  ConversionFlags flags;
  flags.inexact = !position.exact();
  std::int64_t ordinal = position.ordinal + (goes_up(conversion.rounding, position, random) ? 1 : 0);
  flags.underflow = ordinal <= 0 || (flags.inexact && ordinal < std::int64_t{format.smallest_normal_code()});
  if (ordinal <= 0) {
    if (ordinal < 0 || zero_code) flags.inexact = true;
    flags.underflow = flags.inexact;
    // Without a zero, the smallest magnitude is the nearest.
    Encoded flushed = encode_zero(format, value.negative);
    flushed.flags = flags;
    return flushed;
  }
  const std::int64_t limit = value.negative ? format.largest_negative() : format.largest_code();
  if (ordinal > limit) return overflowed(format, conversion, value.negative, false);
  return {with_sign(format, value.negative, static_cast<std::uint32_t>(ordinal)), flags};
}

Encoded encode(const NumberFormat& format, const Conversion& conversion, double value, std::uint32_t random) {
  const bool negative = std::signbit(value);
  if (std::isnan(value)) {
    if (format.has_nan()) return {format.nan_code() | (negative ? format.sign_mask() : 0), {}};
    if (conversion.nan == NanHandling::zero) return {0, {.underflow = false, .overflow = false, .inexact = true}};
    const std::uint32_t limit = negative ? format.largest_negative() : format.largest_code();
    return {with_sign(format, negative, limit), {.underflow = false, .overflow = false, .inexact = true}};
  }
  if (std::isinf(value)) {
    Encoded result = overflowed(format, conversion, negative, true);
    const bool kept = format.specials == Specials::ieee && conversion.overflow == Overflow::special;
    if (kept) result.flags = {};
    return result;
  }
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(value), &exponent);
  const auto significand = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
  return encode(format, conversion, Unrounded{negative, significand, exponent - 53, false}, random);
}

double round_to(const NumberFormat& format, const Conversion& conversion, double value, std::uint32_t random) {
  return decode(format, encode(format, conversion, value, random).code);
}

}  // namespace nibble
