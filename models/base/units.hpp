#pragma once

#include <compare>
#include <cmath>
#include <cstdint>

namespace nibble {

/// A number that knows what it counts: quantities of different kinds neither mix nor convert.
///
/// Adding bytes to cycles does not compile; `.value()` leaves the type system, on purpose and visibly.
template <class Tag, class Rep>
class Quantity {
 public:
  using rep = Rep;

  constexpr Quantity() = default;
  constexpr explicit Quantity(Rep value) : value_{value} {}

  [[nodiscard]] constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const Quantity&) const = default;

  constexpr Quantity& operator+=(Quantity other) {
    value_ += other.value_;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value_ -= other.value_;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity{a.value_ + b.value_}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity{a.value_ - b.value_}; }
  friend constexpr Quantity operator*(Quantity a, Rep k) { return Quantity{a.value_ * k}; }
  friend constexpr Quantity operator*(Rep k, Quantity a) { return Quantity{a.value_ * k}; }

 private:
  Rep value_{};
};

/// The ratio of two like quantities is a plain number.
template <class Tag, class Rep>
[[nodiscard]] constexpr double ratio(Quantity<Tag, Rep> a, Quantity<Tag, Rep> b) {
  return static_cast<double>(a.value()) / static_cast<double>(b.value());
}

// Counted: exact integers.
using Cycles = Quantity<struct CyclesTag, std::uint64_t>;      ///< of the core clock
using Bytes = Quantity<struct BytesTag, std::uint64_t>;
using Bits = Quantity<struct BitsTag, std::uint64_t>;
using Elements = Quantity<struct ElementsTag, std::uint64_t>;
using Macs = Quantity<struct MacsTag, std::uint64_t>;

// Measured: SI base units unless the name says otherwise.
using Seconds = Quantity<struct SecondsTag, double>;
using Hertz = Quantity<struct HertzTag, double>;
using Volts = Quantity<struct VoltsTag, double>;
using Watts = Quantity<struct WattsTag, double>;
using Joules = Quantity<struct JoulesTag, double>;
using Picojoules = Quantity<struct PicojoulesTag, double>;
using SquareMillimetres = Quantity<struct SquareMillimetresTag, double>;
using GramsCo2e = Quantity<struct GramsCo2eTag, double>;
using GramsPerKilowattHour = Quantity<struct GramsPerKilowattHourTag, double>;
using BytesPerSecond = Quantity<struct BytesPerSecondTag, double>;
using BytesPerCycle = Quantity<struct BytesPerCycleTag, double>;

[[nodiscard]] constexpr std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

/// Whole cycles to move `size` at `rate`; a part-filled last beat costs a full cycle. rate > 0.
[[nodiscard]] inline Cycles transfer_time(Bytes size, BytesPerCycle rate) {
  return Cycles{static_cast<std::uint64_t>(std::ceil(static_cast<double>(size.value()) / rate.value()))};
}

/// Bits packed into whole bytes: only the end of a tensor is padded, never an element.
[[nodiscard]] constexpr Bytes packed(Bits bits) { return Bytes{ceil_div(bits.value(), 8)}; }

[[nodiscard]] constexpr Seconds duration(Cycles cycles, Hertz clock) {
  return Seconds{static_cast<double>(cycles.value()) / clock.value()};
}
[[nodiscard]] constexpr Joules to_joules(Picojoules energy) { return Joules{energy.value() * 1e-12}; }

}  // namespace nibble
