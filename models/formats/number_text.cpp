#include "models/formats/number_text.hpp"

#include <fmt/format.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <cmath>
#include <limits>

#include "models/base/error.hpp"

namespace nibble {
namespace {

using Integer = boost::multiprecision::cpp_int;

constexpr std::size_t kMostDigits = 1000;
constexpr int kMostExponent = 10000;

[[noreturn]] void bad_syntax(std::string_view text) {
  throw InputError{"NUM-SYNTAX", fmt::format("'{}' is not a number", text),
                   "write a decimal (-1.5e-3), a hex float (0x1.8p+1), inf or nan"};
}

[[noreturn]] void bad_range(std::string_view text) {
  throw InputError{"NUM-RANGE", fmt::format("'{}' is too long or too far from one", text),
                   fmt::format("at most {} digits, exponents up to {}", kMostDigits, kMostExponent)};
}

/// digits x base^fraction_digits, and what is left of the text.
struct Digits {
  Integer value = 0;
  int fraction_digits = 0;
  std::size_t count = 0;
};

int digit_of(char c, int base) {
  const int digit = c >= '0' && c <= '9' ? c - '0' : (c >= 'a' && c <= 'f' ? c - 'a' + 10
                                                      : (c >= 'A' && c <= 'F' ? c - 'A' + 10 : base));
  return digit < base ? digit : -1;
}

Digits take_digits(std::string_view whole, std::string_view& rest, int base) {
  Digits digits;
  bool after_point = false;
  for (; !rest.empty(); rest.remove_prefix(1)) {
    if (rest.front() == '.' && !after_point) {
      after_point = true;
      continue;
    }
    const int digit = digit_of(rest.front(), base);
    if (digit < 0) break;
    if (++digits.count > kMostDigits) bad_range(whole);
    digits.value = digits.value * base + digit;
    if (after_point) ++digits.fraction_digits;
  }
  if (digits.count == 0) bad_syntax(whole);
  return digits;
}

/// The exponent after 'e' or 'p'; 0 if there is none. Takes all of the rest.
int take_exponent(std::string_view whole, std::string_view rest, char marker) {
  if (rest.empty()) return 0;
  if ((rest.front() | 0x20) != marker) bad_syntax(whole);
  rest.remove_prefix(1);
  if (rest.starts_with('+') && !rest.starts_with("+-")) rest.remove_prefix(1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
  if (error == std::errc::result_out_of_range) bad_range(whole);
  if (error != std::errc{} || end != rest.data() + rest.size()) bad_syntax(whole);
  if (std::abs(exponent) > kMostExponent) bad_range(whole);
  return exponent;
}

/// The top 64 bits of magnitude x 2^exponent (and of something smaller than one unit more, if `more`).
Unrounded cut(bool negative, Integer magnitude, int exponent, bool more) {
  if (magnitude == 0) return {negative, 0, 0, false};
  const int top = static_cast<int>(msb(magnitude));
  const int drop = top - 63;
  if (drop <= 0) return {negative, static_cast<std::uint64_t>(magnitude << -drop), exponent + drop, more};
  const bool sticky = more || static_cast<int>(lsb(magnitude)) < drop;
  return {negative, static_cast<std::uint64_t>(magnitude >> drop), exponent + drop, sticky};
}

Unrounded from_decimal(bool negative, const Digits& digits, int exponent) {
  const int power = exponent - digits.fraction_digits;
  if (power >= 0) return cut(negative, digits.value * pow(Integer{10}, static_cast<unsigned>(power)), 0, false);
  const Integer divisor = pow(Integer{10}, static_cast<unsigned>(-power));
  // Enough bits that the quotient has 64 of them.
  const int shift = static_cast<int>(msb(divisor)) + 66;
  const Integer dividend = digits.value << shift;
  return cut(negative, dividend / divisor, -shift, dividend % divisor != 0);
}

}  // namespace

WrittenNumber parse_written_number(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const double sign = negative ? -1.0 : 1.0;
  if (rest == "inf" || rest == "infinity") return sign * std::numeric_limits<double>::infinity();
  if (rest == "nan") return std::copysign(std::numeric_limits<double>::quiet_NaN(), sign);
  if (rest.starts_with("0x") || rest.starts_with("0X")) {
    rest.remove_prefix(2);
    const Digits digits = take_digits(text, rest, 16);
    const int exponent = take_exponent(text, rest, 'p');
    return cut(negative, digits.value, exponent - 4 * digits.fraction_digits, false);
  }
  const Digits digits = take_digits(text, rest, 10);
  return from_decimal(negative, digits, take_exponent(text, rest, 'e'));
}

Encoded encode(const NumberFormat& format, const Conversion& conversion, const WrittenNumber& number,
               std::uint32_t random) {
  return std::visit([&](const auto& value) { return encode(format, conversion, value, random); }, number);
}

std::string exact_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  constexpr std::size_t kWidest = 32;
  const std::string shortest = fmt::format("{}", value);
  if (shortest.find('e') == std::string::npos || std::fabs(value) < 1) {
    // As many decimals as the value has binary places.
    int exponent = 0;
    const double fraction = std::frexp(value, &exponent);
    int places = 53 - exponent;
    for (double scaled = std::ldexp(fraction, 53); places > 0 && std::fmod(scaled, 2) == 0 && scaled != 0; scaled /= 2) {
      --places;
    }
    if (value == 0) places = 0;
    const std::string decimals = fmt::format("{:.{}f}", value, std::max(places, 0));
    if (decimals.size() <= kWidest) return decimals;
  }
  return fmt::format("{:a}", value);
}

std::string flags_text(const ConversionFlags& flags) {
  std::string text;
  const auto add = [&text](bool set, std::string_view word) {
    if (set) text += fmt::format("{}{}", text.empty() ? "" : ",", word);
  };
  add(flags.underflow, "underflow");
  add(flags.overflow, "overflow");
  add(flags.inexact, "inexact");
  return text.empty() ? "-" : text;
}

std::string code_text(const NumberFormat& format, std::uint32_t code) {
  return fmt::format("0x{:0{}x}", code, (format.bits + 3) / 4);
}

std::uint32_t parse_code(const NumberFormat& format, std::string_view text) {
  std::string_view digits = text;
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  std::uint32_t code = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (error != std::errc{} || end != digits.data() + digits.size() || (code & ~format.code_mask()) != 0) {
    throw InputError{"NUM-CODE", fmt::format("'{}' is not a code of {}", text, format.name),
                     fmt::format("hex, from 0x0 to {}", code_text(format, format.code_mask()))};
  }
  return code;
}

}  // namespace nibble
