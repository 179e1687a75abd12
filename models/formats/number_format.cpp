#include "models/formats/number_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "models/base/check.hpp"
#include "models/base/error.hpp"
#include "models/formats/block_format.hpp"
#include "models/formats/codec.hpp"

namespace nibble {

std::uint32_t NumberFormat::code_mask() const { return static_cast<std::uint32_t>((std::uint64_t{1} << bits) - 1); }

std::uint32_t NumberFormat::sign_mask() const { return is_signed ? std::uint32_t{1} << (bits - 1) : 0; }

std::uint32_t NumberFormat::largest_code() const {
  const std::uint32_t top = code_mask() & ~sign_mask();
  if (encoding == Encoding::integer) return top;
  switch (specials) {
    case Specials::none: return top;
    case Specials::all_ones_nan:
    case Specials::all_ones_nan_inf: return top - 1;
    case Specials::ieee: return top - (std::uint32_t{1} << mantissa_bits);
  }
  return top;
}

std::uint32_t NumberFormat::largest_negative() const {
  if (!is_signed) return 0;
  return encoding == Encoding::integer && !symmetric ? largest_code() + 1 : largest_code();
}

std::uint32_t NumberFormat::smallest_code() const { return lowest == LowestBinade::normal ? 0 : 1; }

std::uint32_t NumberFormat::smallest_normal_code() const {
  const bool gradual = encoding == Encoding::floating && lowest == LowestBinade::subnormal;
  return gradual ? std::uint32_t{1} << mantissa_bits : smallest_code();
}

std::uint32_t NumberFormat::nan_code() const {
  NIBBLE_CHECK(has_nan(), "{} has no NaN", name);
  const std::uint32_t top = code_mask() & ~sign_mask();
  // IEEE: the quiet NaN without payload.
  return specials == Specials::ieee ? largest_code() + 1 + (std::uint32_t{1} << (mantissa_bits - 1)) : top;
}

std::uint32_t NumberFormat::overflow_code() const {
  if (encoding == Encoding::integer || specials == Specials::none) return largest_code();
  return largest_code() + 1;
}

double NumberFormat::largest() const { return decode(*this, largest_code()); }
double NumberFormat::smallest() const { return decode(*this, smallest_code()); }
double NumberFormat::smallest_normal() const { return decode(*this, smallest_normal_code()); }

unsigned NumberFormat::precision() const {
  return encoding == Encoding::integer ? bits - (is_signed ? 1U : 0U) : mantissa_bits + 1;
}

int NumberFormat::quantum_exponent() const {
  if (encoding == Encoding::integer) return scale_exponent;
  const int lowest_digit = smallest_normal_code() >> mantissa_bits == 0 ? -bias : 1 - bias;
  return lowest_digit * static_cast<int>(log2_radix) - static_cast<int>(mantissa_bits) + scale_exponent;
}

namespace {

struct Setting {
  std::string_view key, value;
};

[[noreturn]] void bad_setting(std::string_view text, const Setting& setting, std::string_view allowed) {
  throw InputError{"FMT-SETTING", fmt::format("'{}': {}={} is not possible", text, setting.key, setting.value),
                   std::string{allowed}};
}

int integer_setting(std::string_view text, const Setting& setting, int low, int high) {
  int value = 0;
  const char* end = setting.value.data() + setting.value.size();
  const auto [stop, error] = std::from_chars(setting.value.data(), end, value);
  if (error != std::errc{} || stop != end || value < low || value > high) {
    bad_setting(text, setting, fmt::format("allowed: an integer from {} to {}", low, high));
  }
  return value;
}

template <class Enum>
Enum word_setting(std::string_view text, const Setting& setting,
                  const std::vector<std::pair<std::string_view, Enum>>& words) {
  std::string allowed = "allowed:";
  for (const auto& [word, meaning] : words) {
    if (word == setting.value) return meaning;
    allowed += fmt::format(" {}", word);
  }
  bad_setting(text, setting, allowed);
}

std::vector<Setting> settings_of(std::string_view text) {
  std::vector<Setting> settings;
  std::size_t at = text.find(':');
  while (at != std::string_view::npos) {
    const std::size_t end = text.find(',', at + 1);
    const std::string_view item = text.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      throw InputError{"FMT-SETTING", fmt::format("'{}': '{}' is not a setting", text, item), "write key=value"};
    }
    settings.push_back({item.substr(0, equals), item.substr(equals + 1)});
    at = end;
  }
  return settings;
}

/// Word length and binary point of fixed<IL, FL>: both settings or neither.
void apply_fixed_point(NumberFormat& format, std::string_view text, const std::vector<Setting>& settings) {
  int integer_bits = -1, fraction_bits = -1;
  for (const Setting& setting : settings) {
    if (setting.key == "il") integer_bits = integer_setting(text, setting, 0, 32);
    if (setting.key == "fl") fraction_bits = integer_setting(text, setting, 0, 32);
  }
  if (integer_bits < 0 && fraction_bits < 0) return;
  const int word = integer_bits + fraction_bits;
  if (integer_bits < 0 || fraction_bits < 0 || word < 8 || word > 32) {
    throw InputError{"FMT-SETTING", fmt::format("'{}': il and fl do not make a word", text),
                     "give both; il + fl is the word length, from 8 to 32"};
  }
  format.bits = static_cast<unsigned>(word);
  format.scale_exponent = -fraction_bits;
}

void apply_setting(NumberFormat& format, std::string_view text, const Setting& setting) {
  const bool floating = format.encoding == Encoding::floating;
  if (setting.key == "underflow") {
    format.conversion.underflow = word_setting<Underflow>(
        text, setting, {{"flush", Underflow::round_then_flush}, {"nearest", Underflow::nearest}});
  } else if (setting.key == "bias" && floating) {
    format.bias = integer_setting(text, setting, -64, 127);
  } else if (setting.key == "specials" && floating && format.mantissa_bits > 0) {
    format.specials = word_setting<Specials>(text, setting,
                                             {{"none", Specials::none},
                                              {"ieee", Specials::ieee},
                                              {"nan", Specials::all_ones_nan},
                                              {"nan-inf", Specials::all_ones_nan_inf}});
  } else if (setting.key == "lowest" && floating && format.mantissa_bits > 0) {
    format.lowest = word_setting<LowestBinade>(
        text, setting, {{"subnormal", LowestBinade::subnormal}, {"zero", LowestBinade::zero_code}});
  } else if (setting.key == "phase" && format.log2_radix == 2) {
    format.scale_exponent = word_setting<int>(text, setting, {{"even", 0}, {"odd", 1}, {"odd-below", -1}});
  } else if ((setting.key != "il" && setting.key != "fl") || format.name != "fixed16") {
    throw InputError{"FMT-SETTING", fmt::format("'{}' has no setting '{}'", format.name, setting.key),
                     "settings: bias, specials, lowest (floating); phase (fp4-radix4); il, fl (fixed16); underflow"};
  }
}

}  // namespace

NumberFormat number_format(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(':'));
  std::vector<std::string> known;
  for (const NumberFormat& listed : element_formats()) {
    known.push_back(listed.name);
    if (listed.name != name) continue;
    NumberFormat format = listed;
    const std::vector<Setting> settings = settings_of(text);
    for (const Setting& setting : settings) apply_setting(format, text, setting);
    apply_fixed_point(format, text, settings);
    format.name = std::string{text};
    return format;
  }
  if (const BlockFormat* block = find_block_format(name)) {
    throw InputError{"FMT-BLOCK", fmt::format("'{}' is a block format: its elements share scales", name),
                     fmt::format("its elements are '{}', its scales '{}'", block->element, block->scale)};
  }
  const std::string near = nearest_word(std::string{name}, known);
  throw InputError{"FMT-UNKNOWN", fmt::format("'{}' is not a number format", name),
                   near.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                                : fmt::format("did you mean '{}'?", near)};
}

}  // namespace nibble
