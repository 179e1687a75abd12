#pragma once

#include <cstdint>

#include "sim/mapper/program.hpp"

namespace nibble {

/// Progress: is told of what happens in a machine, in the order in which it is simulated. kernel_now() says when.
class Progress {
 public:
  virtual ~Progress() = default;
  /// An instruction of core number `core` has got its slots and begins, or has ended.
  virtual void began(std::uint32_t core, Unit unit) = 0;
  virtual void ended(std::uint32_t core, Unit unit) = 0;
  /// The memory serves a burst; its bus is free again in `free_in` cycles, and has turned around for `unused_turning` in which
  /// rows of what comes next may open.
  virtual void served(std::uint64_t bytes, bool writing, double free_in, double unused_turning) = 0;
};

}  // namespace nibble
