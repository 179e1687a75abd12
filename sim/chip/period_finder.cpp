#include "sim/chip/period_finder.hpp"

#include <algorithm>
#include <utility>

namespace nibble {

void PeriodFinder::reset() {
  hash_ = 0;
  stretches_.clear();
}

void PeriodFinder::close() { stretches_.push_back(std::exchange(hash_, 0)); }

std::size_t PeriodFinder::period(std::size_t least) const {
  const std::size_t longest = std::min(kLongest, stretches_.size() / 2);
  for (std::size_t stretches = least; stretches <= longest; ++stretches) {
    if (repeats(stretches)) return stretches;
  }
  return 0;
}

bool PeriodFinder::repeats(std::size_t stretches) const {
  if (stretches_.size() < 2 * stretches) return false;
  return std::equal(stretches_.rbegin(), stretches_.rbegin() + static_cast<std::ptrdiff_t>(stretches),
                    stretches_.rbegin() + static_cast<std::ptrdiff_t>(stretches));
}

}  // namespace nibble
