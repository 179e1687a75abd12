#pragma once

#include <map>
#include <string>

#include "models/base/units.hpp"
#include "models/config/accelerator.hpp"
#include "models/config/technology.hpp"

namespace nibble {

/// Silicon of one chip by component; the components add up to the total.
struct AreaReport {
  std::map<std::string, SquareMillimetres> components;  ///< mpe, registers, l0, l1, sfu, overhead, memory, fixed
  SquareMillimetres core;                               ///< one core, its overhead included
  SquareMillimetres total;
};

/// What a machine's die would take in this technology, from counts of lanes, bits and bandwidth; the machine's own
/// `die_area`, as the one component "given", if the technology has no areas at all. InputError
/// [TECH-AREA] when the technology lacks an area that the machine needs.
[[nodiscard]] AreaReport area_of(const Accelerator& accelerator, const Technology& technology);

/// Side of one element of the array, taken for a square: its lanes, its registers and its share of the core's overhead; what
/// data travels from one element to the next. ESTIMATE where the technology lacks one of these areas: a fifth of the die is arrays.
[[nodiscard]] double element_pitch_mm(const Accelerator& accelerator, const Technology& technology);

}  // namespace nibble
