#include "models/config/published.hpp"

#include <cmath>

namespace nibble {

bool PublishedRow::holds(double ours) const {
  const bool above = !std::isfinite(low) || ours >= low - tolerance * std::abs(low);
  const bool below = !std::isfinite(high) || ours <= high + tolerance * std::abs(high);
  return above && below;
}

double PublishedRow::ratio(double ours) const {
  if (ours < low) return ours / low;
  return ours > high ? ours / high : 1.0;
}

}  // namespace nibble
