#include "models/energy/energy.hpp"

#include <fmt/format.h>

#include <cmath>

#include "models/base/check.hpp"
#include "models/base/error.hpp"
#include "models/energy/area.hpp"
#include "models/energy/scaling.hpp"

namespace nibble {
namespace {

/// Builds the table row by row: looks each event up, scales it, and refuses work that has no energy.
class TableBuilder {
 public:
  TableBuilder(const Accelerator& accelerator, const Technology& technology)
      : technology_{technology},
        scale_{voltage_energy_factor(accelerator.voltage, technology.reference_voltage)} {}

  void add(const std::string& component, const std::string& event, double count,
           EnergyClass energy_class = EnergyClass::dynamic) {
    if (count == 0) return;
    const auto found = technology_.events.find(event);
    if (found == technology_.events.end()) {
      throw InputError{"TEC-EVENT",
                       fmt::format("technology '{}' has no energy for '{}'", technology_.name, event),
                       fmt::format("add it under events: in {}", technology_.file)};
    }
    const EventEnergy& constant = found->second;
    const Picojoules each = component == "memory" || component == "link" ? constant.energy : constant.energy * scale_;
    report_.rows.push_back({component, event, energy_class, count, constant.per, each, constant.source,
                            constant.memory_only, Joules{count * each.value() * 1e-12}});
  }

  void add_leakage(const Accelerator& accelerator, Seconds elapsed) {
    const double watts = technology_.leakage_w_per_mm2 * accelerator.die_area.value() * accelerator.chips *
                         voltage_leakage_factor(accelerator.voltage, technology_.reference_voltage);
    report_.rows.push_back({"leakage", "leakage", EnergyClass::statics, elapsed.value(), "second",
                            Picojoules{watts * 1e12}, technology_.leakage_source,
                            technology_.memory_only_leakage, Joules{watts * elapsed.value()}});
  }

  EnergyReport finish() {
    for (const EnergyRow& row : report_.rows) {
      report_.components[row.component] += row.energy;
      (row.energy_class == EnergyClass::dynamic ? report_.dynamic
       : row.energy_class == EnergyClass::idle  ? report_.idle
                                                : report_.statics) += row.energy;
      report_.total += row.energy;
    }
    check_sums();
    return std::move(report_);
  }

 private:
  void check_sums() const {
    double components = 0;
    for (const auto& [name, energy] : report_.components) components += energy.value();
    const double classes = (report_.dynamic + report_.idle + report_.statics).value();
    const double total = report_.total.value();
    if (std::abs(components - total) > 1e-9 * total || std::abs(classes - total) > 1e-9 * total) {
      throw LawError{fmt::format("energy: components add up to {} J, classes to {} J, the total is {} J",
                                 components, classes, total)};
    }
  }

  const Technology& technology_;
  double scale_;
  EnergyReport report_;
};

/// Gated MACs are among the executed ones of their mode; a mode of its own would go unpaid.
void check_gated(const Activity& activity) {
  for (const auto& [mode, gated] : activity.gated_macs) {
    const auto executed = activity.macs.find(mode);
    const std::uint64_t macs = executed == activity.macs.end() ? 0 : executed->second;
    NIBBLE_CHECK(gated <= macs, "mode {}: {} gated of {} MACs", mode, gated, macs);
  }
}

double as_double(Bytes bytes) { return static_cast<double>(bytes.value()); }

}  // namespace

EnergyReport energy_of(const Activity& activity, const Accelerator& accelerator, const Technology& technology,
                       Seconds elapsed) {
  check_gated(activity);
  TableBuilder table{accelerator, technology};
  for (const auto& [mode, macs] : activity.macs) {
    const auto gated = activity.gated_macs.find(mode);
    const std::uint64_t held = gated == activity.gated_macs.end() ? 0 : gated->second;
    table.add("mpe", "mac." + mode, static_cast<double>(macs - held));
    table.add("mpe", "mac." + mode + ".gated", static_cast<double>(held));
  }
  table.add("registers", "register.read", as_double(activity.register_read));
  table.add("registers", "register.write", as_double(activity.register_written));
  table.add("wires", "array.byte_mm",
            static_cast<double>(activity.array_byte_hops) * element_pitch_mm(accelerator, technology));
  table.add("l0", "l0.read", as_double(activity.l0_read));
  table.add("l0", "l0.write", as_double(activity.l0_written));
  table.add("l1", "l1.read", as_double(activity.l1_read));
  table.add("l1", "l1.write", as_double(activity.l1_written));
  table.add("sfu", "sfu.lane_op", static_cast<double>(activity.sfu_lane_ops));
  const double hop_mm = ring_hop_mm(accelerator);
  table.add("ring", "ring.byte_mm", static_cast<double>(activity.ring_byte_hops) * hop_mm);
  table.add("ring", "psum_ring.byte_mm", static_cast<double>(activity.psum_ring_byte_hops) * hop_mm);
  table.add("memory", "memory." + accelerator.memory.kind + ".read", as_double(activity.memory_read));
  table.add("memory", "memory." + accelerator.memory.kind + ".write", as_double(activity.memory_written));
  table.add("memory", "memory." + accelerator.memory.kind + ".row_miss", static_cast<double>(activity.memory_row_misses));
  table.add("link", "link.byte", as_double(activity.link_bytes));
  table.add("clock", "clock.core_cycle", static_cast<double>(activity.core_busy_cycles));
  table.add("clock", "clock.idle_core_cycle", static_cast<double>(activity.core_idle_cycles),
            EnergyClass::idle);
  table.add_leakage(accelerator, elapsed);
  return table.finish();
}

}  // namespace nibble
