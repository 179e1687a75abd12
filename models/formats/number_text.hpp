#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "models/formats/codec.hpp"

namespace nibble {

/// A number as written: finite and exact up to 64 bits and a sticky bit, or a double that is infinite or NaN.
using WrittenNumber = std::variant<Unrounded, double>;

/// Reads a decimal ("-1.5e-3"), a C99 hex float ("0x1.8p+1"), "inf" or "nan", signs allowed, nothing around it.
/// No rounding takes place, so that encode() rounds what was written, once. InputError [NUM-SYNTAX]; [NUM-RANGE]
/// beyond 1000 digits or an exponent of 10,000.
[[nodiscard]] WrittenNumber parse_written_number(std::string_view text);

/// encode() of either.
[[nodiscard]] Encoded encode(const NumberFormat& format, const Conversion& conversion, const WrittenNumber& number,
                             std::uint32_t random = 0);

/// The exact value: all its decimals if they are at most 32 characters, else a C99 hex float; "inf", "nan".
[[nodiscard]] std::string exact_text(double value);

/// "underflow,inexact", or "-" for none.
[[nodiscard]] std::string flags_text(const ConversionFlags& flags);

/// A code in hex with all the digits of its format: "0x3e01". For int4, "0x7".
[[nodiscard]] std::string code_text(const NumberFormat& format, std::uint32_t code);

/// The reverse; with or without 0x. InputError [NUM-CODE] if it is no hex number or wider than the format.
[[nodiscard]] std::uint32_t parse_code(const NumberFormat& format, std::string_view text);

}  // namespace nibble
