#include "models/timing/stream_clash.hpp"

#include <algorithm>
#include <cmath>

namespace nibble {

double displaced_clash(const Memory& memory, Bytes pitch, Bytes displacement) {
  const auto span = static_cast<double>(memory.bank_span.value()), column = static_cast<double>(pitch.value());
  const auto shift = static_cast<double>(displacement.value());
  const double least = memory.displaced_clash;
  if (span <= 0 || column <= 0) return least;
  double met = 0;
  if (column < span) {
    met = shift > 0 && shift < column ? 2 * shift / column : 1;
  } else {
    met = 2 * std::fmod(shift, span) / span + 1 - std::sqrt(span / column);
  }
  return least + std::max(0.0, 1 - least) * std::min(1.0, met);
}

double chained_clash(const Memory& memory, Bytes pitch) {
  const auto span = static_cast<double>(memory.bank_span.value()), column = static_cast<double>(pitch.value());
  return memory.chained_clash * (span <= 0 || column <= 0 ? 1.0 : 2.0 - std::min(1.0, column / span));
}

}  // namespace nibble
