#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "models/base/error.hpp"
#include "models/config/sweep.hpp"
#include "models/config/unit_text.hpp"

namespace nibble {
namespace {

constexpr std::size_t kMostSteps = 100'000;

/// What a quantity is written in: its kind and its unit word; a plain number has neither.
struct Measure {
  const UnitKind* kind = nullptr;
  std::string word;
};

const std::vector<const UnitKind*>& all_kinds() {
  using namespace unit_kinds;
  static const std::vector<const UnitKind*> kinds{
      &kBytes,         &kHertz,           &kVolts,      &kSeconds,
      &kWatts,         &kBytesPerCycle,   &kBytesPerSecond, &kSquareMillimetres,
      &kPicojoules,    &kGramsPerKilowattHour, &kWattsPerSquareMillimetre, &kNanometres,
      &kTopsPerWatt};
  return kinds;
}

Measure measure_of(const std::string& text) {
  for (const UnitKind* kind : all_kinds()) {
    for (const UnitWord& unit : kind->units) {
      if (!text.ends_with(unit.word)) continue;
      std::string_view number{text.data(), text.size() - unit.word.size()};
      while (number.ends_with(' ')) number.remove_suffix(1);
      if (parse_number(number)) return {kind, std::string{unit.word}};
    }
  }
  return {};
}

double in_measure(const std::string& text, const Measure& measure) {
  std::optional<double> value;
  if (measure.kind == nullptr) {
    value = parse_number(text);
  } else {
    const double one = *parse_quantity("1 " + measure.word, *measure.kind).value;
    value = parse_quantity(text, *measure.kind).value;
    if (value) *value /= one;
  }
  if (!value) {
    throw InputError("CFG-UNIT", fmt::format("'{}' does not fit the range's unit", text),
                     measure.kind == nullptr ? "needs a plain number, as 'from' is"
                                             : fmt::format("needs one of {}", measure.kind->allowed()));
  }
  return *value;
}

std::string written(double value, const Measure& measure) {
  const std::string number = fmt::format("{:.12g}", value);
  return measure.kind == nullptr ? number : number + " " + measure.word;
}

}  // namespace

std::optional<double> base_value(const std::string& text) {
  if (const auto number = parse_number(text)) return number;
  const Measure measure = measure_of(text);
  if (measure.kind == nullptr) return std::nullopt;
  return parse_quantity(text, *measure.kind).value;
}

std::vector<std::string> unroll_range(const std::string& from, const std::string& to, const std::string& factor,
                                      const std::string& step) {
  const Measure measure = measure_of(from);
  const double first = in_measure(from, measure);
  const double last = in_measure(to, measure);
  const bool multiplies = !factor.empty();
  const double change = multiplies ? in_measure(factor, {}) : in_measure(step, measure);
  if (multiplies ? change <= 1 || first <= 0 : change <= 0) {
    throw InputError("CFG-RANGE", fmt::format("{} = {}", multiplies ? "factor" : "step", multiplies ? factor : step),
                     multiplies ? "needs a factor above 1 and a start above 0" : "needs a step above 0");
  }
  if (last < first) throw InputError("CFG-RANGE", fmt::format("to = {} lies below from = {}", to, from));
  std::vector<std::string> values;
  constexpr double kSlack = 1 + 1e-9;  // the last step may miss `to` by rounding
  for (std::size_t i = 0; i < kMostSteps; ++i) {
    const double value = multiplies ? first * std::pow(change, static_cast<double>(i))
                                    : first + change * static_cast<double>(i);
    if (value > last * kSlack + (last == 0 ? 1e-12 : 0)) return values;
    values.push_back(written(value, measure));
  }
  throw InputError("CFG-RANGE", fmt::format("from {} to {} takes over {} steps", from, to, kMostSteps));
}

}  // namespace nibble
