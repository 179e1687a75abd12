#include "models/config/accelerator_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "models/formats/format.hpp"

namespace nibble {
namespace {

std::string size_text(std::uint64_t bytes) { return unit_kinds::kBytes.text(static_cast<double>(bytes)); }

/// A register entry is one operand word of every lane; without room for one, an element can hold no weight.
void check_registers(const MpeArray& mpe, const MapReader& map) {
  const std::uint64_t buffer_bits = mpe.registers.value() * 8 / mpe.weight_buffers;
  for (const MacMode& mode : mpe.modes) {
    unsigned widest = 0;
    for (const std::string& operand : mode.operands) widest = std::max(widest, format_storage(operand).bits);
    const std::uint64_t entry_bits = std::uint64_t{mpe.lanes} * mode.macs_per_lane * widest;
    if (entry_bits <= buffer_bits) continue;
    map.problem(
        "registers", "CFG-CONFLICT",
        fmt::format("one register entry of mode '{}' takes {} bits, {} split over {} buffers gives {}",
                    mode.name, entry_bits, map.path_of("registers"), mpe.weight_buffers, buffer_bits),
        fmt::format("needs {} or more", size_text(ceil_div(entry_bits * mpe.weight_buffers, 8))));
  }
}

/// Two modes for one pair of formats would leave open which of them a recipe means.
void check_modes(const MpeArray& mpe, const MapReader& map) {
  if (mpe.modes.empty()) {
    map.problem("modes", "CFG-CONFLICT", fmt::format("{} is empty", map.path_of("modes")),
                "an array needs a mode to multiply in");
  }
  std::set<std::pair<std::string, std::string>> pairs;
  for (const MacMode& mode : mpe.modes) {
    const auto pair = std::minmax(mode.operands[0], mode.operands[1]);
    if (pairs.insert(pair).second) continue;
    map.map("modes").problem(mode.name, "CFG-CONFLICT",
                             fmt::format("mode '{}' multiplies {} by {}, as an earlier mode does", mode.name,
                                         mode.operands[0], mode.operands[1]),
                             "keep one mode for each pair of formats");
  }
}

/// L1 must stage what the arrays hold: every weight register and every streaming buffer of its corelets,
/// once.
void check_l1(const Core& core, const MapReader& map) {
  const MpeArray& mpe = core.mpe;
  const std::uint64_t held = core.corelets * (mpe.registers.value() * mpe.rows * mpe.columns +
                                              core.l0.slice_capacity.value() * core.l0.slices);
  const auto usable =
      static_cast<std::uint64_t>(static_cast<double>(core.l1.capacity.value()) * core.l1.allocatable);
  if (held <= usable) return;
  map.problem(
      "capacity", "CFG-CONFLICT",
      fmt::format("the corelets' registers and L0 hold {}, {} x allocatable (line {}) gives {}",
                  size_text(held), map.path_of("capacity"), map.line_of("allocatable"), size_text(usable)),
      "enlarge the scratchpad, or shrink what it feeds");
}

void check_memory(const Accelerator& a, const MapReader& root) {
  const std::uint64_t granule = a.memory.granule.value();
  if (a.dma.burst.value() % granule != 0) {
    root.map("dma").problem("burst", "CFG-CONFLICT",
                            fmt::format("dma.burst = {} is no multiple of memory.granule = {} (line {})",
                                        size_text(a.dma.burst.value()), size_text(granule),
                                        root.map("memory").line_of("granule")),
                            "a request is made of whole granules");
  }
  if (a.memory.turnaround_batch.value() < granule) {
    root.map("memory").problem("turnaround_batch", "CFG-CONFLICT",
                               fmt::format("memory.turnaround_batch = {} is less than memory.granule = {}",
                                           size_text(a.memory.turnaround_batch.value()), size_text(granule)),
                               "a batch holds at least one granule");
  }
}

void check_published_peaks(const Accelerator& a, const MapReader& root) {
  if (a.published_peaks.empty()) return;
  std::vector<std::string> modes;
  for (const MacMode& mode : a.core.mpe.modes) modes.push_back(mode.name);
  for (const MapReader& peak : root.maps("published_peaks")) {
    const std::string mode = peak.text("mode");
    if (std::find(modes.begin(), modes.end(), mode) != modes.end()) continue;
    peak.problem("mode", "CFG-CONFLICT",
                 fmt::format("{} = {} is not a mode of this machine", peak.path_of("mode"), mode),
                 fmt::format("core.mpe.modes has {}", fmt::join(modes, ", ")));
  }
}

}  // namespace

void check_accelerator(const Accelerator& a, const MapReader& root) {
  const MapReader core = root.map("core");
  check_modes(a.core.mpe, core.map("mpe"));
  check_registers(a.core.mpe, core.map("mpe"));
  if (a.core.l0.slices < a.core.mpe.rows) {
    core.map("l0").problem("slices", "CFG-CONFLICT",
                           fmt::format("core.l0.slices = {} feeds core.mpe.rows = {} (line {})",
                                       a.core.l0.slices, a.core.mpe.rows, core.map("mpe").line_of("rows")),
                           "needs a slice for each row");
  }
  check_l1(a.core, core.map("l1"));
  check_memory(a, root);
  check_published_peaks(a, root);
}

}  // namespace nibble
