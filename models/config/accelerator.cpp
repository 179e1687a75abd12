#include "models/config/accelerator.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "models/base/error.hpp"
#include "models/formats/format.hpp"

namespace nibble {
namespace {

bool multiplies(const MacMode& mode, const std::string& a, const std::string& b) {
  return (mode.operands[0] == a && mode.operands[1] == b) || (mode.operands[0] == b && mode.operands[1] == a);
}

}  // namespace

const MacMode* find_mac_mode(const Accelerator& accelerator, const std::string& a, const std::string& b) {
  for (const MacMode& mode : accelerator.core.mpe.modes) {
    if (multiplies(mode, a, b)) return &mode;
  }
  return nullptr;
}

const MacMode& require_mac_mode(const Accelerator& accelerator, const std::string& a, const std::string& b) {
  if (const MacMode* mode = find_mac_mode(accelerator, a, b)) return *mode;
  std::vector<std::string> has;
  for (const MacMode& mode : accelerator.core.mpe.modes) {
    has.push_back(fmt::format("{} x {}", mode.operands[0], mode.operands[1]));
  }
  throw InputError{"ACC-FORMAT", fmt::format("accelerator '{}' does not multiply {} by {}", accelerator.name, a, b),
                   fmt::format("it has {}", fmt::join(has, ", "))};
}

Macs peak_macs_per_cycle(const Accelerator& accelerator, const MacMode& mode) {
  const MpeArray& mpe = accelerator.core.mpe;
  return Macs{std::uint64_t{accelerator.cores} * accelerator.core.corelets * mpe.rows * mpe.columns * mpe.lanes *
              mode.macs_per_lane};
}

double peak_tops(const Accelerator& accelerator, const MacMode& mode) {
  return 2e-12 * accelerator.chips * static_cast<double>(peak_macs_per_cycle(accelerator, mode).value()) *
         accelerator.clock.value();
}

}  // namespace nibble
