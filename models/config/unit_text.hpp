#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nibble {

/// One word that may follow a number: 1 unit = multiply/divide of the SI or house base unit.
/// Both are kept, since 100 / 1e9 is the nearest double to 1e-7 and 100 * 1e-9 is not.
struct UnitWord {
  std::string_view word;
  double multiply = 1;
  double divide = 1;
};

/// The units in which one kind of quantity may be written, smallest first.
struct UnitKind {
  std::string_view quantity;  ///< "a size", "a clock rate": how error hints call it
  std::vector<UnitWord> units;
  bool whole = false;  ///< counted in whole base units: bytes

  /// The quantity as a person would write it: "64 MiB", "1.6 GHz".
  [[nodiscard]] std::string text(double base_value) const;
  /// "B, kB, KiB, ..."
  [[nodiscard]] std::string allowed() const;
};

namespace unit_kinds {
extern const UnitKind kBytes;                     ///< base: B
extern const UnitKind kHertz;                     ///< base: Hz
extern const UnitKind kVolts;                     ///< base: V
extern const UnitKind kSeconds;                   ///< base: s
extern const UnitKind kWatts;                     ///< base: W
extern const UnitKind kBytesPerCycle;             ///< base: B/cycle
extern const UnitKind kBytesPerSecond;            ///< base: B/s
extern const UnitKind kSquareMillimetres;         ///< base: mm2
extern const UnitKind kPicojoules;                ///< base: pJ
extern const UnitKind kGramsPerKilowattHour;      ///< base: g/kWh
extern const UnitKind kWattsPerSquareMillimetre;  ///< base: W/mm2
extern const UnitKind kNanometres;                ///< base: nm
extern const UnitKind kTopsPerWatt;               ///< base: TOPS/W
}  // namespace unit_kinds

/// Strict decimal number: the whole text, finite, no leading zero or plus, "." as decimal point.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
/// Strict decimal whole number: "010", "+1", "1e3" and "1.0" are not whole numbers.
[[nodiscard]] std::optional<long long> parse_integer(std::string_view text);

/// Decimal digits that parse_integer() would take if they were not too many.
[[nodiscard]] bool is_integer_text(std::string_view text);

/// A number and a unit ("2 MiB"), in base units; `number_ok` tells a bad unit from a bad number.
struct ParsedQuantity {
  std::optional<double> value;
  bool number_ok = false;  ///< the text starts with a number
};
[[nodiscard]] ParsedQuantity parse_quantity(std::string_view text, const UnitKind& kind);

}  // namespace nibble
