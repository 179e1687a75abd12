#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/config/accelerator.hpp"
#include "sim/system/chip_timeline.hpp"

namespace nibble {

/// What a step took on a system of chips, per chip: all chips do the same.
struct SystemTimes {
  Cycles cycles;                     ///< of the step, waiting included
  Cycles waiting;                    ///< no kernel could run: gradients were not back
  std::uint64_t collectives = 0;     ///< gradients that are ready at the same time go together
  Bytes gradients;                   ///< exchanged, in the exchange's format
  Bytes sent;                        ///< by one chip over all its links, padding included
  Bytes added;                       ///< of the chip's peers' gradients, to its own
  double link_busy = 0;              ///< share of the step in which a chip's outgoing links sent
};

/// ChipSystem: chips that train the same network on different samples, joined by links.
///
/// All chips run the same kernels in the same time, so a ring of N chips does in every cycle what one chip does whose
/// outgoing links are its incoming ones: `simulated` may be 1 for any number of chips. More are simulated only to
/// prove that (tests).
class ChipSystem {
 public:
  ChipSystem(const Links& links, Hertz clock, std::uint32_t chips, std::uint32_t simulated = 1);
  ~ChipSystem();

  /// `kernels`: of one chip, in order; `gradients`: how many ids they use. Throws InternalError if a gradient that a
  /// kernel needs is never made, LawError if bytes get lost on a link.
  [[nodiscard]] SystemTimes run(const std::vector<TimelineKernel>& kernels, std::size_t gradients);

 private:
  [[nodiscard]] SystemTimes collect(const std::vector<TimelineKernel>& kernels, std::uint64_t began) const;

  std::uint32_t simulated_;
  std::vector<std::unique_ptr<GradientExchange>> exchanges_;
  std::vector<std::unique_ptr<ChipLink>> links_;
  std::vector<std::unique_ptr<ChipTimeline>> timelines_;
};

}  // namespace nibble
