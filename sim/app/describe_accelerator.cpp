#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "models/base/error.hpp"
#include "models/config/extends.hpp"
#include "models/energy/area.hpp"
#include "models/energy/energy.hpp"
#include "sim/app/describe.hpp"
#include "sim/report/text_table.hpp"

namespace nibble {
namespace {

std::string operands_of(const MacMode& mode) {
  std::string text;
  for (const std::string& operand : mode.operands) text += (text.empty() ? "" : " x ") + operand;
  return text;
}

/// Rate and efficiency of every mode at the machine's own voltage and clock.
std::string peak_table(const Accelerator& machine, const Technology& technology) {
  std::vector<std::string> modes, operands, accumulators;
  std::vector<double> tops, watts, efficiencies;
  for (const MacMode& mode : machine.core.mpe.modes) {
    const PeakEfficiency peak = peak_efficiency(machine, technology, mode);
    modes.push_back(mode.name);
    operands.push_back(operands_of(mode));
    accumulators.push_back(mode.accumulator);
    tops.push_back(peak.tops);
    watts.push_back(peak.power.value());
    efficiencies.push_back(peak.tops_per_w);
  }
  return fmt::format(
             "Peaks at {:.4g} V and {:.4g} GHz: every lane multiplies in every cycle of a large GEMM\n",
             machine.voltage.value(), machine.clock.value() * 1e-9) +
         table_text({words("mode", modes), words("operands", operands), words("accumulator", accumulators),
                     numbers("peak", "TOPS", tops), numbers("power", "W", watts),
                     numbers("efficiency", "TOPS/W", efficiencies)});
}

const MacMode* mode_called(const Accelerator& machine, const std::string& name) {
  for (const MacMode& mode : machine.core.mpe.modes) {
    if (mode.name == name) return &mode;
  }
  return nullptr;
}

/// Published efficiencies beside ours at the same operating point: the difference as it is, nothing fitted.
std::string published_table(const Accelerator& machine, const Technology& technology) {
  if (machine.published_peaks.empty()) return "";
  std::vector<std::string> modes, sources;
  std::vector<double> volts, gigahertz, published, ours, ratios;
  for (const Accelerator::PublishedPeak& peak : machine.published_peaks) {
    const MacMode* mode = mode_called(machine, peak.mode);
    if (!mode) continue;  // the machine's file is checked when it is read
    Accelerator at_point = machine;
    at_point.voltage = peak.voltage;
    at_point.clock = peak.clock;
    const double modelled = peak_efficiency(at_point, technology, *mode).tops_per_w;
    modes.push_back(peak.mode);
    sources.push_back(peak.source);
    volts.push_back(peak.voltage.value());
    gigahertz.push_back(peak.clock.value() * 1e-9);
    published.push_back(peak.tops_per_w);
    ours.push_back(modelled);
    ratios.push_back(modelled / peak.tops_per_w);
  }
  return "\nPublished peak efficiency beside this model's, at the operating point of the publication\n" +
         table_text({words("mode", modes), numbers("voltage", "V", volts), numbers("clock", "GHz", gigahertz),
                     numbers("published", "TOPS/W", published), numbers("modelled", "TOPS/W", ours),
                     numbers("modelled/published", "x", ratios), words("source", sources)});
}

/// What the die would take by the model that sweeps use, part by part; nothing if the technology has no areas for it.
std::string area_table(const Accelerator& machine, const Technology& technology) {
  if (technology.areas.empty()) return "";
  AreaReport area;
  try {
    area = area_of(machine, technology);
  } catch (const InputError& error) {  // nothing that a run needs
    return fmt::format("\nNo area: {}\n", error.problems().front().what);
  }
  std::vector<std::string> parts;
  std::vector<double> sizes;
  for (const auto& [name, size] : area.components) {
    parts.push_back(name);
    sizes.push_back(size.value());
  }
  parts.push_back("total");
  sizes.push_back(area.total.value());
  return fmt::format("\nArea by the model of parts (estimates; the file says {:.4g} mm2, which runs use)\n", machine.die_area.value()) +
         table_text({words("part", parts), numbers("area", "mm2", sizes)});
}

}  // namespace

std::string describe_accelerator(const std::string& name_or_path) {
  const Accelerator machine = load_accelerator(name_or_path);
  const Technology technology = load_technology(machine.technology);
  return fmt::format("{}: {}\nfile {}\nhash {}\n\n", machine.name, machine.description, machine.file,
                     machine.hash) +
         peak_table(machine, technology) + published_table(machine, technology) + area_table(machine, technology) + "\n" +
         value_table(load_extended(Kind::accelerator, name_or_path).tree());
}

}  // namespace nibble
