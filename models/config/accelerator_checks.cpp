#include "models/config/accelerator_checks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "models/formats/format.hpp"

namespace nibble {
namespace {

std::string size_text(std::uint64_t bytes) { return unit_kinds::kBytes.text(static_cast<double>(bytes)); }

/// A value that has a part in a conflict.
struct Involved {
  MapReader map;
  std::string key;
};

/// Notes the conflict where it can be mended: at the first of the values that the loaded file itself gives.
void conflict(const std::vector<Involved>& involved, const std::string& what, const std::string& hint) {
  const auto own = std::find_if(involved.begin(), involved.end(),
                                [](const Involved& value) { return value.map.in_loaded_file(value.key); });
  const Involved& at = own == involved.end() ? involved.front() : *own;
  at.map.problem(at.key, "CFG-CONFLICT", what, hint);
}

/// A register entry is one operand word of every lane; without room for one, an element can hold no weight.
void check_registers(const MpeArray& mpe, const MapReader& map) {
  const std::uint64_t buffer_bits = mpe.registers.value() * 8 / mpe.weight_buffers;
  for (const MacMode& mode : mpe.modes) {
    unsigned widest = 0;
    for (const std::string& operand : mode.operands) widest = std::max(widest, format_storage(operand).bits);
    const std::uint64_t entry_bits = std::uint64_t{mpe.lanes} * mode.macs_per_lane * widest;
    if (entry_bits <= buffer_bits) continue;
    conflict({{map, "registers"}, {map, "weight_buffers"}, {map, "lanes"}, {map.map("modes"), mode.name}},
             fmt::format("one register entry of mode '{}' takes {} bits, {} over {} buffers gives {}",
                         mode.name, entry_bits, map.path_of("registers"), mpe.weight_buffers, buffer_bits),
             fmt::format("needs registers of {} or more",
                         size_text(ceil_div(entry_bits * mpe.weight_buffers, 8))));
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
    if (pairs.insert(std::minmax(mode.operands[0], mode.operands[1])).second) continue;
    map.map("modes").problem(mode.name, "CFG-CONFLICT",
                             fmt::format("mode '{}' multiplies {} by {}, as an earlier mode does", mode.name,
                                         mode.operands[0], mode.operands[1]),
                             "keep one mode for each pair of formats");
  }
}

/// A row without a slice would have no operands.
void check_l0(const Core& core, const MapReader& map) {
  if (core.l0.slices >= core.mpe.rows) return;
  const MapReader mpe = map.map("mpe");
  const MapReader l0 = map.map("l0");
  conflict({{l0, "slices"}, {mpe, "rows"}},
           fmt::format("core.l0.slices = {} ({}) feeds core.mpe.rows = {} ({})", core.l0.slices,
                       l0.place_of("slices"), core.mpe.rows, mpe.place_of("rows")),
           "needs a slice for each row");
}

/// L1 must stage what the arrays hold: every weight register and every streaming buffer of its corelets,
/// once.
void check_l1(const Core& core, const MapReader& map) {
  const MpeArray& array = core.mpe;
  const std::uint64_t held = core.corelets * (array.registers.value() * array.rows * array.columns +
                                              core.l0.slice_capacity.value() * core.l0.slices);
  const double usable = static_cast<double>(core.l1.capacity.value()) * core.l1.allocatable;
  if (static_cast<double>(held) <= usable) return;
  const MapReader l1 = map.map("l1");
  const MapReader mpe = map.map("mpe");
  conflict({{l1, "capacity"},
            {l1, "allocatable"},
            {mpe, "registers"},
            {mpe, "rows"},
            {mpe, "columns"},
            {map.map("l0"), "slice_capacity"},
            {map, "corelets"}},
           fmt::format("registers and L0 of the corelets hold {}, core.l1 has {} to allocate",
                       size_text(held), size_text(static_cast<std::uint64_t>(usable))),
           fmt::format("core.l1.capacity: {}, allocatable: {}", l1.place_of("capacity"),
                       l1.place_of("allocatable")));
}

void check_memory(const Accelerator& a, const MapReader& root) {
  const MapReader dma = root.map("dma");
  const MapReader memory = root.map("memory");
  const std::uint64_t granule = a.memory.granule.value();
  const std::string granule_text =
      fmt::format("memory.granule = {} ({})", size_text(granule), memory.place_of("granule"));
  if (a.dma.burst.value() % granule != 0) {
    conflict({{dma, "burst"}, {memory, "granule"}},
             fmt::format("dma.burst = {} is no multiple of {}", size_text(a.dma.burst.value()), granule_text),
             "a request is made of whole granules");
  }
  if (a.memory.banks > 0 && a.memory.interleave.value() % granule != 0) {
    conflict({{memory, "interleave"}, {memory, "granule"}},
             fmt::format("memory.interleave = {} is no multiple of {}", size_text(a.memory.interleave.value()), granule_text),
             "a channel serves whole granules");
  }
  if (a.memory.turnaround_batch.value() < granule) {
    conflict({{memory, "turnaround_batch"}, {memory, "granule"}},
             fmt::format("memory.turnaround_batch = {} is less than {}",
                         size_text(a.memory.turnaround_batch.value()), granule_text),
             "a batch holds at least one granule");
  }
}

/// Published figures speak of modes that the machine has.
void check_published(const Accelerator& a, const MapReader& root, const std::string& list) {
  if (!root.has(list)) return;
  std::vector<std::string> modes;
  for (const MacMode& mode : a.core.mpe.modes) modes.push_back(mode.name);
  for (const MapReader& peak : root.maps(list)) {
    const std::string mode = peak.text("mode");
    if (std::find(modes.begin(), modes.end(), mode) != modes.end()) continue;
    conflict({{peak, "mode"}, {root.map("core").map("mpe"), "modes"}},
             fmt::format("{} = {} ({}) is not a mode of this machine", peak.path_of("mode"), mode,
                         peak.place_of("mode")),
             fmt::format("core.mpe.modes has {}", fmt::join(modes, ", ")));
  }
}

void check_system(const Accelerator& a, const MapReader& root) {
  if (a.chips > 1 && !a.links) {
    root.problem("chips", "CFG-CONFLICT", fmt::format("chips = {} and no links between them", a.chips),
                 "add links: {topology, bandwidth, latency}");
  }
  for (std::size_t i = 1; i < a.operating_points.size(); ++i) {
    const OperatingPoint& lower = a.operating_points[i - 1];
    const OperatingPoint& upper = a.operating_points[i];
    if (lower.voltage < upper.voltage && lower.clock < upper.clock) continue;
    root.problem("operating_points", "CFG-CONFLICT",
                 fmt::format("operating_points: {} V, {:.4g} GHz comes after {} V, {:.4g} GHz", upper.voltage.value(),
                             upper.clock.value() * 1e-9, lower.voltage.value(), lower.clock.value() * 1e-9),
                 "points rise in voltage and clock");
  }
  std::set<std::string> names;
  for (const OperatingPoint& point : a.operating_points) {
    if (point.name.empty() || names.insert(point.name).second) continue;
    root.problem("operating_points", "CFG-CONFLICT", fmt::format("operating_points: two are called {}", point.name),
                 "names tell points apart");
  }
}

}  // namespace

void check_accelerator(const Accelerator& a, const MapReader& root) {
  const MapReader core = root.map("core");
  check_modes(a.core.mpe, core.map("mpe"));
  check_registers(a.core.mpe, core.map("mpe"));
  check_l0(a.core, core);
  check_l1(a.core, core);
  check_memory(a, root);
  check_system(a, root);
  check_published(a, root, "published_peaks");
  check_published(a, root, "published_rates");
}

}  // namespace nibble
