#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "models/base/error.hpp"
#include "models/config/accelerator.hpp"
#include "models/config/extends.hpp"
#include "models/formats/format.hpp"

namespace nibble {
namespace {

constexpr Bytes kKibibyte{1024}, kMebibyte{1 << 20}, kGibibyte{1 << 30};

std::string read_format(const MapReader& map, const std::string& key) {
  std::vector<std::string> known;
  for (const FormatStorage& format : all_formats()) known.emplace_back(format.name);
  return map.choice(key, known);
}

MacMode read_mode(const MapReader& map) {
  MacMode mode;
  mode.name = map.text("name");
  mode.operands = map.texts("operands");
  if (mode.operands.size() != 2) {
    map.problem("operands", "CFG-RANGE", fmt::format("operands has {} formats", mode.operands.size()), "needs two");
    mode.operands.resize(2);
  }
  for (const std::string& operand : mode.operands) {
    const auto& all = all_formats();
    if (std::none_of(all.begin(), all.end(), [&](const FormatStorage& f) { return f.name == operand; })) {
      map.problem("operands", "CFG-CHOICE", fmt::format("'{}' is not a number format", operand));
    }
  }
  mode.macs_per_lane = map.count("macs_per_lane", 1, 64);
  mode.accumulator = read_format(map, "accumulator");
  return mode;
}

MpeArray read_mpe(const MapReader& map) {
  MpeArray mpe;
  mpe.rows = map.count("rows", 1, 1024);
  mpe.columns = map.count("columns", 1, 1024);
  mpe.lanes = map.count("lanes", 1, 64);
  mpe.registers = map.bytes("registers", Bytes{1}, kMebibyte);
  mpe.weight_buffers = map.count("weight_buffers", 1, 2);
  mpe.accumulators = map.count("accumulators", 1, 4096);
  mpe.mac_latency_cycles = map.count("mac_latency_cycles", 1, 64);
  mpe.pass_bubble_cycles = map.count("pass_bubble_cycles", 0, 4096, 0);
  const std::string dataflow =
      map.choice("dataflow", {"weight_stationary", "output_stationary", "input_stationary"}, "weight_stationary");
  mpe.dataflow = dataflow == "weight_stationary"   ? Dataflow::weight_stationary
                 : dataflow == "output_stationary" ? Dataflow::output_stationary
                                                   : Dataflow::input_stationary;
  for (const MapReader& mode : map.maps("modes")) mpe.modes.push_back(read_mode(mode));
  return mpe;
}

Core read_core(const MapReader& map) {
  Core core;
  core.corelets = map.count("corelets", 1, 64);
  core.mpe = read_mpe(map.map("mpe"));
  const MapReader l0 = map.map("l0");
  core.l0 = {l0.count("slices", 1, 1024), l0.bytes("slice_capacity", Bytes{1}, kMebibyte),
             l0.bytes_per_cycle("slice_bandwidth", BytesPerCycle{1}, BytesPerCycle{4096})};
  const MapReader l1 = map.map("l1");
  core.l1.capacity = l1.bytes("capacity", kKibibyte, kGibibyte);
  core.l1.allocatable = l1.number("allocatable", 0.05, 1.0, 1.0);
  core.l1.corelet_bandwidth = l1.bytes_per_cycle("corelet_bandwidth", BytesPerCycle{1}, BytesPerCycle{65536});
  core.l1.ring_bandwidth = l1.bytes_per_cycle("ring_bandwidth", BytesPerCycle{1}, BytesPerCycle{65536});
  core.l1.banks = l1.count("banks", 1, 1024, 1);
  const MapReader sfu = map.map("sfu");
  core.sfu = {sfu.count("arrays", 1, 64), sfu.count("units", 1, 1024), sfu.count("lanes", 1, 64),
              sfu.count("startup_cycles", 0, 4096, 0)};
  return core;
}

Memory read_memory(const MapReader& map) {
  Memory memory;
  memory.kind = map.text("kind");
  memory.bandwidth = map.bytes_per_second("bandwidth", BytesPerSecond{1e6}, BytesPerSecond{1e14});
  memory.efficiency = map.number("efficiency", 0.01, 1.0, 1.0);
  memory.latency = map.seconds("latency", Seconds{0}, Seconds{1e-3});
  memory.turnaround = map.seconds("turnaround", Seconds{0}, Seconds{1e-6}, Seconds{0});
  memory.turnaround_batch = map.bytes("turnaround_batch", Bytes{1}, kGibibyte, kMebibyte);
  memory.capacity = map.bytes("capacity", kMebibyte, kGibibyte * 4096);
  memory.granule = map.bytes("granule", Bytes{1}, kKibibyte * 64);
  return memory;
}

Accelerator::PublishedPeak read_peak(const MapReader& map, const Accelerator& accelerator) {
  Accelerator::PublishedPeak peak;
  peak.mode = map.text("mode");
  peak.tops_per_w = map.number("tops_per_w", 0, 1e6);
  peak.source = map.source_of("tops_per_w");
  peak.voltage = map.volts("voltage", Volts{0.2}, Volts{2.0}, accelerator.voltage);
  peak.clock = map.hertz("clock", Hertz{1e6}, Hertz{1e10}, accelerator.clock);
  return peak;
}

/// What single values cannot show: do the parts fit one another?
void check_together(const MapReader& root, const Accelerator& a) {
  const MapReader core = root.map("core");
  const MpeArray& mpe = a.core.mpe;
  if (mpe.modes.empty()) core.problem("mpe", "CFG-CONFLICT", "core.mpe.modes is empty", "an array needs a mode");
  for (const MacMode& mode : mpe.modes) {
    for (const std::string& operand : mode.operands) {
      const std::uint64_t word = std::uint64_t{mpe.lanes} * mode.macs_per_lane * format_storage(operand).bits;
      const std::uint64_t buffer = mpe.registers.value() * 8 / mpe.weight_buffers;
      if (word > buffer) {
        core.problem("mpe", "CFG-CONFLICT",
                     fmt::format("mode '{}': one register entry of {} takes {} bits, core.mpe.registers (line {}) gives "
                                 "each of {} buffers {}",
                                 mode.name, operand, word, core.map("mpe").line_of("registers"), mpe.weight_buffers, buffer),
                     "enlarge core.mpe.registers or reduce core.mpe.weight_buffers");
        break;
      }
    }
  }
  if (a.core.l0.slices < mpe.rows) {
    core.problem("l0", "CFG-CONFLICT",
                 fmt::format("core.l0.slices = {} feeds {} array rows", a.core.l0.slices, mpe.rows),
                 "needs a slice for each row");
  }
  if (a.dma.burst < a.memory.granule) {
    root.problem("dma", "CFG-CONFLICT",
                 fmt::format("dma.burst = {} B is less than memory.granule = {} B", a.dma.burst.value(),
                             a.memory.granule.value()));
  }
}

}  // namespace

Accelerator load_accelerator(const std::string& name_or_path) {
  const YamlFile file = load_extended(Kind::accelerator, name_or_path);
  file.require_schema("nibble/accelerator/1");
  const MapReader root = file.root();
  Accelerator a;
  a.file = file.name();
  a.name = root.text("name");
  a.description = root.text("description", "");
  a.technology = root.text("technology");
  a.voltage = root.volts("voltage", Volts{0.2}, Volts{2.0});
  a.clock = root.hertz("clock", Hertz{1e6}, Hertz{1e10});
  a.cores = root.count("cores", 1, 1024);
  a.die_area = root.square_millimetres("die_area", SquareMillimetres{0.01}, SquareMillimetres{1e5});
  a.core = read_core(root.map("core"));
  const MapReader ring = root.map("ring");
  a.ring.bandwidth = ring.bytes_per_cycle("bandwidth", BytesPerCycle{1}, BytesPerCycle{65536});
  a.ring.hop_cycles = ring.count("hop_cycles", 0, 1000);
  a.ring.psum_bandwidth = ring.bytes_per_cycle("psum_bandwidth", BytesPerCycle{1}, BytesPerCycle{65536});
  a.ring.multicast = ring.boolean("multicast", true);
  const MapReader dma = root.map("dma");
  a.dma = {dma.bytes("burst", Bytes{1}, kMebibyte * 16), dma.count("outstanding", 1, 65536)};
  a.memory = read_memory(root.map("memory"));
  if (root.has("published_peaks")) {
    for (const MapReader& peak : root.maps("published_peaks")) a.published_peaks.push_back(read_peak(peak, a));
  }
  if (file.ok()) check_together(root, a);
  file.finish();
  a.hash = file.hash();
  return a;
}

}  // namespace nibble
