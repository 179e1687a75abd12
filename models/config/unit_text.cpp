#include "models/config/unit_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <system_error>

namespace nibble {
namespace unit_kinds {

const UnitKind kBytes{"a size",
                      {{"B"},
                       {"kB", 1e3},
                       {"KiB", 1024},
                       {"MB", 1e6},
                       {"MiB", 1024.0 * 1024},
                       {"GB", 1e9},
                       {"GiB", 1024.0 * 1024 * 1024},
                       {"TB", 1e12}},
                      true};
const UnitKind kHertz{"a clock rate", {{"Hz"}, {"kHz", 1e3}, {"MHz", 1e6}, {"GHz", 1e9}}};
const UnitKind kVolts{"a voltage", {{"mV", 1, 1e3}, {"V"}}};
const UnitKind kSeconds{"a time", {{"ps", 1, 1e12}, {"ns", 1, 1e9}, {"us", 1, 1e6}, {"ms", 1, 1e3}, {"s"}}};
const UnitKind kWatts{"a power", {{"mW", 1, 1e3}, {"W"}}};
const UnitKind kBytesPerCycle{"a width", {{"B/cycle"}}};
const UnitKind kBytesPerSecond{"a bandwidth",
                               {{"B/s"}, {"kB/s", 1e3}, {"MB/s", 1e6}, {"GB/s", 1e9}, {"TB/s", 1e12}}};
const UnitKind kSquareMillimetres{"an area", {{"um2", 1, 1e6}, {"mm2"}, {"cm2", 100}}};
const UnitKind kPicojoules{"an energy", {{"aJ", 1, 1e6}, {"fJ", 1, 1e3}, {"pJ"}, {"nJ", 1e3}}};
const UnitKind kGramsPerKilowattHour{"a carbon intensity", {{"g/kWh"}, {"kg/kWh", 1e3}}};
const UnitKind kWattsPerSquareMillimetre{"a power density", {{"mW/mm2", 1, 1e3}, {"W/mm2"}}};
const UnitKind kNanometres{"a length", {{"nm"}}};
const UnitKind kTopsPerWatt{"an efficiency", {{"GOPS/W", 1, 1e3}, {"TOPS/W"}, {"TFLOPS/W"}}};

}  // namespace unit_kinds

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Length of the decimal number that `text` starts with; 0 if none. No sign but '-', no leading zeros.
std::size_t number_length(std::string_view text) {
  std::size_t i = text.starts_with('-') ? 1 : 0;
  if (i >= text.size() || !is_digit(text[i])) return 0;
  if (text[i] == '0' && i + 1 < text.size() && is_digit(text[i + 1])) return 0;
  while (i < text.size() && is_digit(text[i])) ++i;
  if (i + 1 < text.size() && text[i] == '.' && is_digit(text[i + 1])) {
    ++i;
    while (i < text.size() && is_digit(text[i])) ++i;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    std::size_t j = i + 1;
    if (j < text.size() && (text[j] == '-' || text[j] == '+')) ++j;
    if (j < text.size() && is_digit(text[j])) {
      while (j < text.size() && is_digit(text[j])) ++j;
      i = j;
    }
  }
  return i;
}

}  // namespace

std::string UnitKind::text(double base_value) const {
  // The unit that needs the fewest digits without a leading "0."; of equals the largest. Sizes take binary
  // units.
  const UnitWord* best = nullptr;
  std::string best_number;
  for (const UnitWord& unit : units) {
    int exponent = 0;
    if (base_value == 0 && unit.multiply == unit.divide) return fmt::format("0 {}", unit.word);
    if (whole && std::frexp(unit.multiply, &exponent) != 0.5) continue;
    const double in_unit = base_value * unit.divide / unit.multiply;
    const std::string number = fmt::format("{:.6g}", in_unit);
    const bool large_enough = std::abs(in_unit) >= 1 || best == nullptr;
    if (large_enough && (best == nullptr || number.size() <= best_number.size())) {
      best = &unit;
      best_number = number;
    }
  }
  return fmt::format("{} {}", best_number, best->word);
}

std::string UnitKind::allowed() const {
  std::string list;
  for (const UnitWord& unit : units) {
    if (!list.empty()) list += ", ";
    list += unit.word;
  }
  return list;
}

std::optional<double> parse_number(std::string_view text) {
  if (text.empty() || number_length(text) != text.size()) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<long long> parse_integer(std::string_view text) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_integer_text(std::string_view text) {
  return !text.empty() && number_length(text) == text.size() &&
         text.find_first_of(".eE") == std::string_view::npos;
}

ParsedQuantity parse_quantity(std::string_view text, const UnitKind& kind) {
  const std::size_t length = number_length(text);
  const std::optional<double> number = parse_number(text.substr(0, length));
  if (!number) return {};
  std::string_view word = text.substr(length);
  while (word.starts_with(' ')) word.remove_prefix(1);
  for (const UnitWord& unit : kind.units) {
    if (unit.word != word) continue;
    const double value = *number * unit.multiply / unit.divide;
    if (!std::isfinite(value)) return {};
    return {value, true};
  }
  return {std::nullopt, true};
}

}  // namespace nibble
