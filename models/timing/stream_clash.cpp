#include "models/timing/stream_clash.hpp"

#include <algorithm>
#include <cmath>

namespace nibble {
namespace {

/// How well the banks of all are told apart where nothing but the time between a read and its write parts the streams.
constexpr double kPartedByLag = 2.0 / 3.0;

/// Share of the time that two sweeps over one column do not meet, of which one is `part` (0 to 1) of the column ahead.
double parted(double part) { return 1.0 - 4.0 * part * (1.0 - part); }

}  // namespace

double displaced_clash(const Memory& memory, Bytes pitch, Bytes displacement) {
  const auto span = static_cast<double>(memory.bank_span.value()), column = static_cast<double>(pitch.value());
  const auto shift = static_cast<double>(displacement.value());
  const double least = memory.displaced_clash;
  if (span <= 0 || column <= 0) return least;
  double apart = 0;
  if (column < span) {
    // Nothing measured lies between columns over half of the banks and over all of them.
    apart = shift > 0 && shift < column ? parted(shift / column) : kPartedByLag * std::max(0.0, 2.0 * column / span - 1.0);
  } else {
    const double part = std::fmod(shift, span) / span;
    apart = (part > 0 ? parted(part) : kPartedByLag) * std::cbrt(span / column);
  }
  return 1.0 - std::max(0.0, 1.0 - least) * apart;
}

double chained_clash(const Memory& memory, Bytes pitch) {
  const auto span = static_cast<double>(memory.bank_span.value()), column = static_cast<double>(pitch.value());
  return memory.chained_clash * (span <= 0 || column <= 0 ? 1.0 : 2.0 - std::min(1.0, column / span));
}

}  // namespace nibble
