// The getters of MapReader that read a number with its unit.
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "models/config/yaml_reader.hpp"

namespace nibble {

double MapReader::quantity(const std::string& key, const UnitKind& kind, double min, double max,
                           std::optional<double> fallback) const {
  const YamlNode* node = find_scalar(key, !fallback, fmt::format("{} with its unit", kind.quantity).c_str());
  const double otherwise = fallback.value_or(min);
  if (node == nullptr) return otherwise;
  const std::string given = fmt::format("{} = {}", path_of(key), shown_value(*node));
  const ParsedQuantity parsed = parse_quantity(node->scalar, kind);
  if (!parsed.value) {
    note(*node, parsed.number_ok ? "CFG-UNIT" : "CFG-TYPE", given,
         fmt::format("needs {}: a number and one of {}", kind.quantity, kind.allowed()));
    return otherwise;
  }
  if (kind.whole && *parsed.value != std::floor(*parsed.value)) {
    note(*node, "CFG-TYPE", given, fmt::format("is not a whole number of {}", kind.units.front().word));
    return otherwise;
  }
  if (*parsed.value >= min && *parsed.value <= max) return *parsed.value;
  note(*node, "CFG-RANGE", given,
       fmt::format("needs {} from {} to {}", kind.quantity, kind.text(min), kind.text(max)));
  return otherwise;
}

namespace {

template <class Q>
Q typed_quantity(const MapReader& map, const std::string& key, const UnitKind& kind, Q min, Q max,
                 std::optional<Q> fallback) {
  const auto plain = fallback ? std::optional<double>{static_cast<double>(fallback->value())} : std::nullopt;
  return Q{static_cast<typename Q::rep>(
      map.quantity(key, kind, static_cast<double>(min.value()), static_cast<double>(max.value()), plain))};
}

}  // namespace

Bytes MapReader::bytes(const std::string& key, Bytes min, Bytes max, std::optional<Bytes> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kBytes, min, max, fallback);
}
Hertz MapReader::hertz(const std::string& key, Hertz min, Hertz max, std::optional<Hertz> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kHertz, min, max, fallback);
}
Volts MapReader::volts(const std::string& key, Volts min, Volts max, std::optional<Volts> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kVolts, min, max, fallback);
}
Seconds MapReader::seconds(const std::string& key, Seconds min, Seconds max,
                           std::optional<Seconds> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kSeconds, min, max, fallback);
}
Watts MapReader::watts(const std::string& key, Watts min, Watts max, std::optional<Watts> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kWatts, min, max, fallback);
}
BytesPerCycle MapReader::bytes_per_cycle(const std::string& key, BytesPerCycle min, BytesPerCycle max,
                                         std::optional<BytesPerCycle> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kBytesPerCycle, min, max, fallback);
}
BytesPerSecond MapReader::bytes_per_second(const std::string& key, BytesPerSecond min, BytesPerSecond max,
                                           std::optional<BytesPerSecond> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kBytesPerSecond, min, max, fallback);
}
SquareMillimetres MapReader::square_millimetres(const std::string& key, SquareMillimetres min,
                                                SquareMillimetres max,
                                                std::optional<SquareMillimetres> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kSquareMillimetres, min, max, fallback);
}
Picojoules MapReader::picojoules(const std::string& key, Picojoules min, Picojoules max,
                                 std::optional<Picojoules> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kPicojoules, min, max, fallback);
}
GramsPerKilowattHour MapReader::grams_per_kilowatt_hour(const std::string& key, GramsPerKilowattHour min,
                                                        GramsPerKilowattHour max,
                                                        std::optional<GramsPerKilowattHour> fallback) const {
  return typed_quantity(*this, key, unit_kinds::kGramsPerKilowattHour, min, max, fallback);
}

}  // namespace nibble
