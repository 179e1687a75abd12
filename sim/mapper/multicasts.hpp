#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/mapper/program.hpp"

namespace nibble {

/// Loads of the same tile by several cores, found while the cores' programs are written one after another.
class Multicasts {
 public:
  Multicasts(bool enabled, std::size_t groups, std::size_t steps) : steps_{steps} {
    if (enabled) members_.resize(groups * steps);
  }

  void add(std::size_t group, std::size_t step, std::size_t core, std::size_t load) {
    if (!members_.empty()) members_[group * steps_ + step].push_back({core, load});
  }

  /// Gives every load that more than one core makes its id. Returns the next free id.
  std::uint32_t assign(std::vector<KernelProgram::CoreProgram>& cores, std::uint32_t id) const {
    for (const auto& members : members_) {
      if (members.size() < 2) continue;
      for (const auto& [core, load] : members) {
        Instruction& instruction = cores[core].units[static_cast<std::size_t>(Unit::load)][load];
        instruction.multicast = id;
        instruction.multicast_cores = static_cast<std::uint32_t>(members.size());
      }
      ++id;
    }
    return id;
  }

 private:
  std::size_t steps_;
  std::vector<std::vector<std::pair<std::size_t, std::size_t>>> members_;
};

}  // namespace nibble
